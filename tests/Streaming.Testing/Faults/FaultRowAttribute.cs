using Xunit.Abstractions;
using Xunit.Sdk;

namespace Streaming.Testing.Faults;

/// <summary>
/// A test that belongs to a row of the fault table (<c>rows.tsv</c> beside this file). <c>./streaming faults --row N</c> runs those of one
/// row, <c>./streaming faults</c> those of all. What the test saw it tells with a <see cref="FaultReport"/>.
/// </summary>
[AttributeUsage(AttributeTargets.Method, AllowMultiple = true)]
[TraitDiscoverer("Streaming.Testing.Faults.FaultRowDiscoverer", "Streaming.Testing")]
public sealed class FaultRowAttribute(int row) : Attribute, ITraitAttribute
{
    /// <summary>Number of the row.</summary>
    public int Row => row;
}

/// <summary>Gives a test the traits that the filter of the command looks for.</summary>
public sealed class FaultRowDiscoverer : ITraitDiscoverer
{
    /// <inheritdoc/>
    public IEnumerable<KeyValuePair<string, string>> GetTraits(IAttributeInfo traitAttribute) =>
    [
        new("FaultRow", FaultCounts.Text((int)traitAttribute.GetConstructorArguments().Single())),
        new("Category", "Fault"),
    ];
}
