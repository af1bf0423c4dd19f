using System.Diagnostics.Metrics;

namespace Streaming.Adapters.Elasticsearch;

/// <summary>What the adapter counts; meter <c>Streaming.Elasticsearch</c>.</summary>
public static class ElasticsearchMetrics
{
    /// <summary>Name of the meter.</summary>
    public const string MeterName = "Streaming.Elasticsearch";

    private static readonly Meter Meter = new(MeterName);

    internal static readonly Counter<long> Requests = Meter.CreateCounter<long>("streaming.elasticsearch.bulk.requests", "{request}", "Bulk requests sent.");
    internal static readonly Counter<long> Retries = Meter.CreateCounter<long>("streaming.elasticsearch.bulk.retries", "{document}", "Documents sent again.");
    internal static readonly Counter<long> Throttled = Meter.CreateCounter<long>("streaming.elasticsearch.bulk.throttled", "{request}", "Requests the server refused for load (429, 503).");
    internal static readonly Counter<long> Blocked = Meter.CreateCounter<long>("streaming.elasticsearch.bulk.blocked", "{request}", "Requests refused by a block, such as the flood stage of a full disk.");
    internal static readonly Counter<long> Unknown = Meter.CreateCounter<long>("streaming.elasticsearch.bulk.unknown", "{request}", "Requests whose answer was lost, cut or not understood; sent again.");
    internal static readonly Counter<long> Applied = Meter.CreateCounter<long>("streaming.elasticsearch.documents.applied", "{document}", "Writes applied.");
    internal static readonly Counter<long> Superseded = Meter.CreateCounter<long>("streaming.elasticsearch.documents.superseded", "{document}", "Writes older than what is there.");
    internal static readonly Counter<long> Rejected = Meter.CreateCounter<long>("streaming.elasticsearch.documents.rejected", "{document}", "Writes refused for good.");
    internal static readonly Histogram<double> Seconds = Meter.CreateHistogram<double>("streaming.elasticsearch.bulk.duration", "s", "Time of a bulk request.");
    internal static readonly Histogram<long> Bytes = Meter.CreateHistogram<long>("streaming.elasticsearch.bulk.size", "By", "Bytes of a bulk request before compression.");
}
