namespace Streaming.Contracts;

/// <summary>A header of a message. Names may repeat.</summary>
public sealed record MessageHeader(string Name, byte[]? Value)
{
    /// <summary>How often a redriven message has been tried before, as decimal ASCII.</summary>
    public const string Attempts = "streaming-attempts";

    /// <summary>Offset that a redriven message had at first, as decimal ASCII.</summary>
    public const string FirstOffset = "streaming-first-offset";

    /// <summary>Media type of the value. <c>application/json</c> says that a value is meant to be JSON even where it does not look so.</summary>
    public const string ContentType = "content-type";
}
