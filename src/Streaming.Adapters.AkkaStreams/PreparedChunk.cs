using Streaming.Core.Engine.Stages;

namespace Streaming.Adapters.AkkaStreams;

/// <summary>A chunk of messages after preparing.</summary>
/// <param name="Count">Messages in it.</param>
/// <param name="Windows">What the model is to compute for them.</param>
/// <param name="Ended">Documents that need no model.</param>
internal sealed record PreparedChunk(int Count, List<ModelWindow> Windows, EndedDocuments Ended);
