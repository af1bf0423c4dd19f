namespace Streaming.Learning.FineTuning;

/// <summary>What the optimiser knows of one parameter.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Values">Its values.</param>
/// <param name="Steps">Steps it has seen.</param>
/// <param name="First">Mean of its derivatives; empty before the first step.</param>
/// <param name="Second">Mean of their squares; empty before the first step.</param>
public sealed record TensorState(string Name, float[] Values, long Steps, float[] First, float[] Second);
