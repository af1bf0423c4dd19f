using Streaming.Learning.Retraining;
using Streaming.Learning.Training;

namespace Streaming.Learning.Promotion;

/// <summary>A head with the encoder it reads from.</summary>
/// <param name="Learner">Measures the head on its encoder; the same instance on both sides where they share the encoder and what heads read of it.</param>
/// <param name="Head">The head, calibrated.</param>
public sealed record GateSide(HeadLearner Learner, TrainedHead Head);
