namespace Streaming.Core.Topology.Testing;

/// <summary>A message and what must come of it.</summary>
public sealed record TopologyTestCase
{
    /// <summary>What is shown.</summary>
    public required string Name { get; init; }

    /// <summary>Where it is written.</summary>
    public required TextPosition Position { get; init; }

    /// <summary>Value of the message, byte for byte.</summary>
    public required ReadOnlyMemory<byte> Value { get; init; }

    /// <summary>How it must end.</summary>
    public TopologyTestVerdict Verdict { get; init; } = TopologyTestVerdict.Indexed;

    /// <summary>Code of the dead letter; null accepts any.</summary>
    public string? Code { get; init; }

    /// <summary>Entities that must be there, each <c>TYPE:surface</c>, <c>TYPE</c> or <c>:surface</c>; empty: none; null: any.</summary>
    public IReadOnlyList<string>? Entities { get; init; }

    /// <summary>Topics that must be there; empty: none; null: any.</summary>
    public IReadOnlyList<string>? Topics { get; init; }

    /// <summary>Sentiment; null: any.</summary>
    public string? Sentiment { get; init; }

    /// <summary>Aspects that must be there, each <c>term:sentiment</c>, <c>term</c> or <c>:sentiment</c>; empty: none; null: any.</summary>
    public IReadOnlyList<string>? Aspects { get; init; }

    /// <summary>Language; null: any.</summary>
    public string? Language { get; init; }
}
