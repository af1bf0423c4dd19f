using Streaming.Contracts;

namespace Streaming.Core.Sinks;

/// <summary>
/// An upsert or delete of one document. <see cref="Version"/> orders writes of the same id:
/// a sink keeps the highest and answers a lower or equal one with <see cref="SinkStatus.Superseded"/>.
/// </summary>
public sealed class DocumentWrite
{
    /// <summary>Identity.</summary>
    public required string Id { get; init; }

    /// <summary>Rises along the message order of the document's partition; at least 1.</summary>
    public required long Version { get; init; }

    /// <summary>The document, or null: delete it.</summary>
    public EnrichedDocument? Document { get; init; }

    /// <summary>Headers of the message, trace context among them, for sinks that pass them on.</summary>
    public IReadOnlyList<MessageHeader> Headers { get; init; } = [];
}
