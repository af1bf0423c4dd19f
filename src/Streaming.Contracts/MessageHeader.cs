namespace Streaming.Contracts;

/// <summary>A header of a message. Names may repeat.</summary>
public sealed record MessageHeader(string Name, byte[]? Value)
{
    /// <summary>How often a redriven message has been tried before, as decimal ASCII.</summary>
    public const string Attempts = "streaming-attempts";
}
