using System.Text.Json.Nodes;

namespace Streaming.Adapters.Elasticsearch.Indexing;

/// <summary>
/// The shape of an index: an enriched document as it is on the wire, plus what searching needs. Strict, so that a field
/// nobody thought of is an error here and not a surprise there; what producers may add freely is kept but not indexed.
/// </summary>
internal static class IndexMapping
{
    /// <summary>Raised with each change of the shape.</summary>
    public const int Version = 2;

    // No keyword is longer than Lucene takes (32,766 bytes): the value stays in the document, it just is not indexed.
    private const string Keyword = """{"type":"keyword","ignore_above":8191}""";
    private const string AnyCase = """{"type":"keyword","ignore_above":8191,"normalizer":"streaming_lower"}""";
    private const string Kept = """{"type":"object","enabled":false}""";

    private static readonly string Mappings = """
        {
          "dynamic": "strict",
          "_meta": {"streaming_mapping": 2},
          "properties": {
            "@timestamp": {"type":"date"},
            "id": "$keyword",
            "text": {"type":"text","analyzer":"streaming_text","term_vector":"no"},
            "entities": {"type":"nested","properties":{
              "type": "$keyword", "text": "$any_case", "start": {"type":"integer"}, "end": {"type":"integer"}, "confidence": {"type":"float"}}},
            "topics": {"properties":{"label": "$keyword", "confidence": {"type":"float"}}},
            "sentiment": {"properties":{"label": "$keyword", "confidence": {"type":"float"},
              "scores": {"properties":{"label": "$keyword", "confidence": {"type":"float"}}}}},
            "aspects": {"type":"nested","properties":{
              "term": "$any_case", "start": {"type":"integer"}, "end": {"type":"integer"}, "sentiment": "$keyword", "confidence": {"type":"float"}}},
            "aspect_categories": {"type":"nested","properties":{"category": "$any_case", "sentiment": "$keyword", "confidence": {"type":"float"}}},
            "language": "$keyword",
            "source": "$keyword",
            "coverage": {"type":"float"},
            "truncated": {"type":"boolean"},
            "event_time": {"type":"date"},
            "ingest_time": {"type":"date"},
            "lineage": {"properties":{
              "model": "$keyword", "model_version": "$keyword", "heads": "$kept",
              "topology": "$keyword", "topic": "$keyword", "partition": {"type":"integer"}, "offset": {"type":"long"}}},
            "metadata": "$kept",
            "unknown": "$kept",
            "event_ticks": {"type":"long"},
            "facets": {"properties":{
              "entity": "$keyword", "entity_type": "$keyword", "topic": "$keyword", "sentiment": "$keyword", "aspect": "$keyword"}}
          }
        }
        """
        .Replace("\"$keyword\"", Keyword, StringComparison.Ordinal)
        .Replace("\"$any_case\"", AnyCase, StringComparison.Ordinal)
        .Replace("\"$kept\"", Kept, StringComparison.Ordinal);

    /// <summary>The mapping alone.</summary>
    public static string MappingJson => Mappings;

    /// <summary>The index template for an alias.</summary>
    public static string Template(ElasticsearchOptions options)
    {
        var index = new JsonObject
        {
            ["max_result_window"] = 10_000,
            // A replay older than this could bring a deleted document back; the tombstones cost some 100 bytes each.
            ["gc_deletes"] = "12h",
            ["mapping"] = new JsonObject { ["nested_objects"] = new JsonObject { ["limit"] = 50_000 } },
        };
        if (options.Shards is { } shards)
            index["number_of_shards"] = shards;
        if (options.Replicas is { } replicas)
            index["number_of_replicas"] = replicas;
        return new JsonObject
        {
            ["index_patterns"] = new JsonArray(options.Alias + "-0*"),
            ["priority"] = 200,
            ["version"] = Version,
            ["template"] = new JsonObject
            {
                ["settings"] = new JsonObject
                {
                    ["index"] = index,
                    ["analysis"] = JsonNode.Parse("""
                        {"analyzer":{"streaming_text":{"type":"custom","tokenizer":"standard","filter":["lowercase","asciifolding"]}},
                         "normalizer":{"streaming_lower":{"type":"custom","filter":["lowercase"]}}}
                        """),
                },
                ["mappings"] = JsonNode.Parse(Mappings),
            },
        }.ToJsonString();
    }
}
