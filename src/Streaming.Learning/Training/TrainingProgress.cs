namespace Streaming.Learning.Training;

/// <summary>Where a training is.</summary>
/// <param name="Head">Head being trained; empty: all of them.</param>
/// <param name="Stage"><c>contrastive</c>, <c>fine-tune</c>, <c>develop</c>, <c>import</c>, <c>features</c>, <c>train</c>, <c>calibrate</c>, <c>measure</c>, <c>baseline</c> or <c>write</c>.</param>
/// <param name="Done">Texts, steps, epochs or iterations done.</param>
/// <param name="Total">How many there are; 0 where it is not known.</param>
/// <param name="Loss">Mean loss, while training.</param>
/// <param name="Metrics">What was just measured on the development data, by name.</param>
public sealed record TrainingProgress(string Head, string Stage, int Done, int Total, double? Loss = null, IReadOnlyDictionary<string, double>? Metrics = null);
