using Streaming.Core.Engine.Stages;

namespace Streaming.Adapters.AkkaStreams;

/// <summary>A chunk of messages after preparing.</summary>
/// <param name="Documents">As they were read.</param>
/// <param name="Windows">What the model is to compute for them.</param>
internal sealed record PreparedChunk(InFlightDocument[] Documents, List<ModelWindow> Windows);
