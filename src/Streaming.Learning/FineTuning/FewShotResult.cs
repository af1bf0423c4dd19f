namespace Streaming.Learning.FineTuning;

/// <summary>One run of a few-shot experiment.</summary>
/// <param name="Shots">Sentences a type.</param>
/// <param name="Contrastive">Whether the contrastive stage came first.</param>
/// <param name="Seed">Seed of the draw and of the training.</param>
/// <param name="Sentences">Sentences that were drawn.</param>
/// <param name="MicroF1">On the test data, 0–1.</param>
public sealed record FewShotResult(int Shots, bool Contrastive, long Seed, int Sentences, double MicroF1);
