namespace Streaming.Core.Topology;

/// <summary>Where enriched documents go.</summary>
public enum SinkKind
{
    /// <summary>Elasticsearch when <c>url</c> is set, else the embedded index.</summary>
    Auto,

    /// <summary>The embedded index.</summary>
    Index,

    /// <summary>Elasticsearch or OpenSearch.</summary>
    Elasticsearch,

    /// <summary>The topic of enriched documents, on the source's Kafka.</summary>
    Kafka,
}
