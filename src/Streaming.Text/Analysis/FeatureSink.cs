using Streaming.Text.Features;
using Streaming.Text.Words;

namespace Streaming.Text.Analysis;

/// <summary>Takes the vectors of one text. Never called twice at a time; texts come in any order; spans are valid during the call.</summary>
/// <param name="text">Index of the text.</param>
/// <param name="words">Words the rows belong to, for layouts on words; empty for layouts on whole texts.</param>
/// <param name="features">[rows, <see cref="FeatureLayout.Inputs"/>]; a row a word, or one row. No row for a text without tokens.</param>
public delegate void FeatureSink(int text, ReadOnlySpan<WordSpan> words, ReadOnlySpan<float> features);
