namespace Streaming.Adapters.Sqlite.Log;

/// <summary>What a source reads.</summary>
public sealed record EmbeddedSourceOptions
{
    /// <summary>Consumer group: who remembers how far it got. Usually the topology's name.</summary>
    public required string Group { get; init; }

    /// <summary>Topics, at least one; made when they are not there.</summary>
    public required IReadOnlyList<string> Topics { get; init; }

    /// <summary>True ends the source after the messages that were there at its start. Default false: it goes on for ever.</summary>
    public bool StopAtEnd { get; init; }
}
