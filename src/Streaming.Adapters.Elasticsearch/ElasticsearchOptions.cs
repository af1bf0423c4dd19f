using Streaming.Core.Telemetry;

namespace Streaming.Adapters.Elasticsearch;

/// <summary>Where the index is and how to write to it. Works with Elasticsearch 7.10 and newer and with OpenSearch.</summary>
public sealed record ElasticsearchOptions
{
    /// <summary>Hosts of one cluster, e.g. <c>http://127.0.0.1:9200</c>; asked in turn, one that fails rests for a while.</summary>
    public required IReadOnlyList<Uri> Urls { get; init; }

    /// <summary>Alias to write to and search in; its indices are <c>ALIAS-000001</c> and so on. Lower case.</summary>
    public required string Alias { get; init; }

    /// <summary>API key (the encoded form), or <c>env:NAME</c> or <c>file:PATH</c>. A secret.</summary>
    public string? ApiKey { get; init; }

    /// <summary>User of basic authentication.</summary>
    public string? Username { get; init; }

    /// <summary>Password of basic authentication, or <c>env:NAME</c> or <c>file:PATH</c>. A secret.</summary>
    public string? Password { get; init; }

    /// <summary>PEM file with the certificate authority to trust besides the system's.</summary>
    public string? CaFile { get; init; }

    /// <summary>Documents of one bulk request. 1–10,000.</summary>
    public int MaxBulkDocuments { get; init; } = 500;

    /// <summary>Bytes of one bulk request before compression. 64 KiB–100 MiB. A larger single document is a request of its own.</summary>
    public long MaxBulkBytes { get; init; } = 5L * 1024 * 1024;

    /// <summary>Bulk requests in flight at most; fewer while the server is overloaded. 1–64.</summary>
    public int MaxConcurrentBulks { get; init; } = 2;

    /// <summary>Compress requests; null: unless the first host is this machine.</summary>
    public bool? Compress { get; init; }

    /// <summary>How long one request may take. 1 s–10 min.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long a search may take. 100 ms–60 s.</summary>
    public TimeSpan SearchTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a start looks for the cluster before it gives up. 1–120 s.</summary>
    public TimeSpan StartTimeout { get; init; } = TimeSpan.FromSeconds(8);

    /// <summary>First wait after a refusal; doubles with each further one, and a random part of it is taken. 10 ms–10 s.</summary>
    public TimeSpan BackoffBase { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Longest wait after a refusal. 100 ms–60 s.</summary>
    public TimeSpan BackoffCap { get; init; } = TimeSpan.FromSeconds(8);

    /// <summary>Primary shards of a new index; null: the cluster's own.</summary>
    public int? Shards { get; init; }

    /// <summary>Replicas of a new index; null: the cluster's own.</summary>
    public int? Replicas { get; init; }

    /// <summary>Seed of the random waits; tests fix it, null takes one from the clock.</summary>
    public int? Seed { get; init; }

    /// <summary>Hears what a person should know.</summary>
    public Action<Notice>? OnNotice { get; init; }

    /// <summary>Clock and timers.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Leaves the secrets out.</summary>
    public override string ToString() => $"elasticsearch:{Alias}@{string.Join(',', Urls.Select(u => u.GetComponents(UriComponents.SchemeAndServer, UriFormat.Unescaped)))}";
}
