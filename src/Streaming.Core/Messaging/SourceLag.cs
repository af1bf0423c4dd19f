namespace Streaming.Core.Messaging;

/// <summary>How far a consumer is behind.</summary>
/// <param name="Messages">Messages not yet committed; at least 0.</param>
/// <param name="Age">Age of the oldest such message; null when there is none or the source can't tell.</param>
public readonly record struct SourceLag(long Messages, TimeSpan? Age);
