namespace Streaming.Learning.Metrics;

/// <summary>A tagged stretch of one sentence.</summary>
/// <param name="Type">Type without its prefix.</param>
/// <param name="First">Index of the first word.</param>
/// <param name="Last">Index of the last word, inclusive.</param>
public readonly record struct TagSpan(string Type, int First, int Last);
