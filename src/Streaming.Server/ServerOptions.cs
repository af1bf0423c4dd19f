using System.Net;

namespace Streaming.Server;

/// <summary>Where the server listens and whom it lets in.</summary>
public sealed record ServerOptions
{
    /// <summary>Address to listen on; loopback unless a <see cref="Token"/> is set.</summary>
    public IPAddress Address { get; init; } = IPAddress.Loopback;

    /// <summary>Port, 0–65,535; 0 takes a free one.</summary>
    public int Port { get; init; }

    /// <summary>Bearer token that every call but health and the page's own files must carry; null on loopback only.</summary>
    public string? Token { get; init; }

    /// <summary>Host names the server answers to, besides loopback's and <see cref="Address"/>.</summary>
    public IReadOnlyList<string> AllowedHosts { get; init; } = [];

    /// <summary>Largest request body in bytes. 1 KiB–256 MiB.</summary>
    public long MaxRequestBytes { get; init; } = 32L * 1024 * 1024;

    /// <summary>Largest message value in bytes, as <see cref="Core.Engine.EnrichmentOptions.MaxMessageBytes"/>.</summary>
    public int MaxMessageBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>Messages in one request. 1–100,000.</summary>
    public int MaxMessages { get; init; } = 10_000;

    /// <summary>Longest text that <c>/v1/analyze</c> takes, in UTF-16 code units.</summary>
    public int MaxAnalyzeLength { get; init; } = 200_000;
}
