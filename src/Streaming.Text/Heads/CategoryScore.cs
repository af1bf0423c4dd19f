namespace Streaming.Text.Heads;

/// <summary>What a head says of one category.</summary>
/// <param name="Category">Index into <see cref="CategorySet.Categories"/>.</param>
/// <param name="Sentiment">The most probable sentiment, index into <see cref="CategorySet.Sentiments"/>.</param>
/// <param name="Presence">Calibrated probability that the text judges the category, 0–1.</param>
/// <param name="Confidence">Calibrated probability of category and sentiment together, 0–1.</param>
/// <param name="Found">Whether <paramref name="Presence"/> is enough to report it.</param>
public readonly record struct CategoryScore(int Category, int Sentiment, double Presence, double Confidence, bool Found);
