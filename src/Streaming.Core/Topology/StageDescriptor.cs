namespace Streaming.Core.Topology;

/// <summary>What a kind of stage needs and gives, so that a chain can be checked before anything starts.</summary>
/// <param name="Name">Name in the topology language.</param>
/// <param name="Needs">Kind of the value it reads.</param>
/// <param name="Gives">Kind of the value it gives.</param>
/// <param name="Summary">One sentence for <c>explain</c> and editors.</param>
/// <param name="IsAnnotation">True when what it gives is a field of the enriched document.</param>
public sealed record StageDescriptor(string Name, string Needs, string Gives, string Summary, bool IsAnnotation)
{
    /// <summary>True when it passes on the kind it reads; then its output may bear the name of its input.</summary>
    public bool IsInPlace => Needs == Gives;
}
