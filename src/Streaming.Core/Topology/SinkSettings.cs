namespace Streaming.Core.Topology;

/// <summary>Where enriched documents go (<c>sink:</c>).</summary>
public sealed record SinkSettings
{
    /// <summary>Kind, as written.</summary>
    public SinkKind Kind { get; init; } = SinkKind.Auto;

    /// <summary>Name of the embedded index, or the write alias in Elasticsearch; the topology's name unless set.</summary>
    public required string Index { get; init; }

    /// <summary>Hosts of one Elasticsearch or OpenSearch cluster; empty when there is none. Without user and password.</summary>
    public IReadOnlyList<Uri> Urls { get; init; } = [];

    /// <summary>API key. A secret.</summary>
    public string? ApiKey { get; init; }

    /// <summary>User of basic authentication.</summary>
    public string? Username { get; init; }

    /// <summary>Password of basic authentication. A secret.</summary>
    public string? Password { get; init; }

    /// <summary>PEM file with the certificate authority to trust besides the system's.</summary>
    public string? CaFile { get; init; }

    /// <summary>Documents of one bulk request, 1–10,000.</summary>
    public int MaxBulkDocuments { get; init; } = 500;

    /// <summary>Bytes of one bulk request before compression, 64 KiB–100 MiB. A larger single document is a request of its own.</summary>
    public long MaxBulkBytes { get; init; } = 5L * 1024 * 1024;

    /// <summary>Bulk requests in flight, 1–64.</summary>
    public int MaxConcurrentBulks { get; init; } = 2;

    /// <summary>Topic that gets a copy of every indexed document, or null. With <see cref="SinkKind.Kafka"/> the documents themselves.</summary>
    public string? EnrichedTopic { get; init; }

    /// <summary>True when documents and offsets become visible in one Kafka transaction; only with <see cref="SinkKind.Kafka"/>.</summary>
    public bool IsExactlyOnce { get; init; }

    /// <summary>True when documents go to a topic.</summary>
    public bool UsesKafka => Kind == SinkKind.Kafka;

    /// <summary>True when documents go to Elasticsearch, false when they go to the embedded index.</summary>
    public bool UsesElasticsearch => Kind == SinkKind.Elasticsearch || (Kind == SinkKind.Auto && Urls.Count > 0);

    /// <summary>Leaves the secrets out.</summary>
    public override string ToString() => UsesKafka ? $"kafka:{EnrichedTopic}" : $"{(UsesElasticsearch ? "elasticsearch" : "index")}:{Index}";
}
