namespace Streaming.Core.Engine;

/// <summary>What a topology's chain says beyond the model: limits and filter rules.</summary>
public sealed record EnrichmentOptions
{
    /// <summary>Largest message value in bytes; larger ones become dead letters. 1 KiB–256 MiB.</summary>
    public int MaxMessageBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>Texts with fewer UTF-16 code units, white space at the ends not counted, are left out. 0 keeps all.</summary>
    public int MinTextLength { get; init; }

    /// <summary>Languages to keep (BCP 47 primary tags); empty keeps all. Texts without a language are always kept.</summary>
    public IReadOnlyList<string> Languages { get; init; } = [];
}
