using Streaming.Contracts;

namespace Streaming.Core.Labelling;

/// <summary>A sample with its place in the store.</summary>
/// <param name="Sequence">Rises with every addition and replacement; where a reader got to.</param>
/// <param name="Sample">The sample.</param>
public sealed record StoredSample(long Sequence, LabelledSample Sample);
