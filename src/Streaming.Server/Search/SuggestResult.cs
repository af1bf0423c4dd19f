using Streaming.Core.Search;

namespace Streaming.Server.Search;

/// <summary>The answer of <c>GET /v1/suggest</c> and <c>streaming search --suggest --json</c>.</summary>
/// <param name="Suggestions">The most frequent first.</param>
public sealed record SuggestResult(IReadOnlyList<Suggestion> Suggestions);
