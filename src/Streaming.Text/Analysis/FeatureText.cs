using Streaming.Text.Words;

namespace Streaming.Text.Analysis;

/// <summary>A text for training or evaluation.</summary>
/// <param name="Text">The text.</param>
/// <param name="Words">Its words in order, where the data set gives them; null: <see cref="WordSegmenter"/> finds them.</param>
public sealed record FeatureText(string Text, IReadOnlyList<WordSpan>? Words = null);
