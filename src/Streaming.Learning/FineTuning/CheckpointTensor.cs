namespace Streaming.Learning.FineTuning;

/// <summary>One tensor of a checkpoint, in single precision, row-major.</summary>
/// <param name="Shape">Its dimensions.</param>
/// <param name="Values">Its values.</param>
public sealed record CheckpointTensor(long[] Shape, float[] Values);
