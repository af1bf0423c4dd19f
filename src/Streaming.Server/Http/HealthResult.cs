namespace Streaming.Server.Http;

/// <summary>The answer of the health endpoints.</summary>
/// <param name="Status"><c>live</c>, <c>ready</c> or <c>not_ready</c>.</param>
/// <param name="Reason">What is still missing.</param>
public sealed record HealthResult(string Status, string? Reason = null);
