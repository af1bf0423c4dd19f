using Streaming.Contracts;

namespace Streaming.Core.Labelling;

/// <summary>A request with its place in the store.</summary>
/// <param name="Sequence">Rises with every addition.</param>
/// <param name="Request">The request.</param>
/// <param name="Samples">How many samples answer it, of any task and labeller.</param>
public sealed record StoredRequest(long Sequence, LabelRequest Request, int Samples);
