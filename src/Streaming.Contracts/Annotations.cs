namespace Streaming.Contracts;

/// <summary>A named entity: <c>text[start..end]</c> is its surface.</summary>
/// <param name="Type">Label without its B/I prefix, e.g. <c>PER</c>.</param>
/// <param name="Text">The surface, cut from the original text.</param>
/// <param name="Start">First UTF-16 code unit, inclusive.</param>
/// <param name="End">Last UTF-16 code unit, exclusive.</param>
/// <param name="Confidence">Calibrated probability, 0–1.</param>
public sealed record EntityAnnotation(string Type, string Text, int Start, int End, double Confidence);

/// <summary>A label with its calibrated probability, 0–1.</summary>
public sealed record LabelScore(string Label, double Confidence);

/// <summary>Sentiment of a text.</summary>
/// <param name="Label">The most probable label.</param>
/// <param name="Confidence">Its calibrated probability, 0–1.</param>
/// <param name="Scores">Every label's probability; they sum to 1.</param>
public sealed record SentimentAnnotation(string Label, double Confidence, IReadOnlyList<LabelScore> Scores);

/// <summary>An aspect term and the sentiment towards it: <c>text[start..end]</c> is the term.</summary>
/// <param name="Term">The surface, cut from the original text.</param>
/// <param name="Start">First UTF-16 code unit, inclusive.</param>
/// <param name="End">Last UTF-16 code unit, exclusive.</param>
/// <param name="Sentiment">Polarity label.</param>
/// <param name="Confidence">Calibrated probability of term and polarity together, 0–1.</param>
public sealed record AspectAnnotation(string Term, int Start, int End, string Sentiment, double Confidence);

/// <summary>A category of aspects that a text judges, whether or not a term names it, and the sentiment towards it.</summary>
/// <param name="Category">The category, one of the model's.</param>
/// <param name="Sentiment">Polarity label.</param>
/// <param name="Confidence">Calibrated probability of category and polarity together, 0–1.</param>
public sealed record AspectCategoryAnnotation(string Category, string Sentiment, double Confidence);
