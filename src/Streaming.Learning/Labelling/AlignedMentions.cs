using Streaming.Contracts;

namespace Streaming.Learning.Labelling;

/// <summary>What became of the mentions of one reply.</summary>
/// <param name="Spans">Those that are in the text, in order of their start; they may nest, and do not cross.</param>
/// <param name="Mentions">All of the reply.</param>
/// <param name="Hallucinated">Those that are not in the text.</param>
/// <param name="Discontinuous">Those whose words are, but not side by side.</param>
public sealed record AlignedMentions(IReadOnlyList<SampleSpan> Spans, int Mentions, int Hallucinated, int Discontinuous);
