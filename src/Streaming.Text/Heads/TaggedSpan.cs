namespace Streaming.Text.Heads;

/// <summary>A labelled stretch of words.</summary>
/// <param name="Type">Type of its tags.</param>
/// <param name="First">First word.</param>
/// <param name="Last">Last word, inclusive.</param>
/// <param name="Confidence">Calibrated probability that type and both ends are right, 0–1.</param>
public readonly record struct TaggedSpan(string Type, int First, int Last, double Confidence);
