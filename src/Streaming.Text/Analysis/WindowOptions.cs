namespace Streaming.Text.Analysis;

/// <summary>How texts longer than the encoder's window are cut.</summary>
public sealed record WindowOptions
{
    /// <summary>Tokens of a window, framing tokens included; 3 to what the encoder takes. 0: what the encoder takes, at most 256.</summary>
    public int MaxLength { get; init; }

    /// <summary>Tokens that neighbouring windows share; at most half a window. Default 32.</summary>
    public int Stride { get; init; } = 32;

    /// <summary>Most windows of one document; 0 (default): as many as it takes. A document cut by it says so by its coverage.</summary>
    public int MaxWindows { get; init; }
}
