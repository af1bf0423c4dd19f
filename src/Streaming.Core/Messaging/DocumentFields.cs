using System.Collections.Frozen;
using System.Text;

namespace Streaming.Core.Messaging;

/// <summary>Names of an enriched document's own fields. A producer's unknown field of such a name is kept as <c>message_NAME</c>.</summary>
internal static class DocumentFields
{
    private const int Longest = 17;

    private static readonly FrozenSet<string> Names = FrozenSet.Create(
        StringComparer.Ordinal,
        "id", "text", "entities", "topics", "sentiment", "aspects", "aspect_categories", "language", "source", "coverage", "truncated",
        "event_time", "ingest_time", "lineage", "metadata");

    private static readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> ByUnits = Names.GetAlternateLookup<ReadOnlySpan<char>>();

    public static bool Contains(string name) => Names.Contains(name);

    /// <summary>The same for a name in valid UTF-8.</summary>
    public static bool Contains(ReadOnlySpan<byte> name)
    {
        if (name.Length > Longest)
            return false;
        Span<char> units = stackalloc char[Longest];
        return ByUnits.Contains(units[..Encoding.UTF8.GetChars(name, units)]);
    }
}
