using System.Text;
using System.Text.Json;
using Streaming.Adapters.Elasticsearch.Http;
using Streaming.Core.Search;

namespace Streaming.Adapters.Elasticsearch.Searching;

/// <summary>A question in the server's language: only term, phrase, range and nested queries, never a query string.</summary>
internal static class SearchBody
{
    private const int MaxFilterValues = 200;

    /// <summary>Facet name → field.</summary>
    public static readonly IReadOnlyList<(string Name, string Field)> Facets =
    [
        ("entity", "facets.entity"), ("entity_type", "facets.entity_type"), ("topic", "facets.topic"),
        ("sentiment", "facets.sentiment"), ("aspect", "facets.aspect"), ("source", "source"),
    ];

    /// <summary>The body of a search. One hit more than asked for tells whether there is a next page.</summary>
    public static string Write(SearchRequest request, QueryTerms terms, bool byScore, int size, string open, string close, TimeSpan timeout)
    {
        using var buffer = new PooledBuffer();
        using var writer = new Utf8JsonWriter(buffer);
        writer.WriteStartObject();
        writer.WriteNumber("size"u8, size == 0 ? 0 : size + 1);
        writer.WriteBoolean("track_total_hits"u8, true);
        writer.WriteBoolean("version"u8, true);
        writer.WriteString("timeout"u8, $"{(long)timeout.TotalMilliseconds}ms");
        WriteQuery(writer, request, terms);
        WriteSort(writer, byScore);
        if (!string.IsNullOrEmpty(request.After))
        {
            writer.WritePropertyName("search_after"u8);
            writer.WriteRawValue(SearchCursor.Read(request.After, byScore));
        }

        if (terms.Wanted.Count > 0 && size > 0)
            WriteHighlight(writer, open, close);
        WriteFacets(writer, Math.Clamp(request.FacetSize, 0, 100));
        writer.WriteEndObject();
        writer.Flush();
        return Encoding.UTF8.GetString(buffer.Span);
    }

    private static void WriteQuery(Utf8JsonWriter writer, SearchRequest request, QueryTerms terms)
    {
        writer.WriteStartObject("query"u8);
        writer.WriteStartObject("bool"u8);
        WritePhrases(writer, "must"u8, terms.Wanted);
        WritePhrases(writer, "must_not"u8, terms.Unwanted);
        writer.WriteStartArray("filter"u8);
        if (request.Entities.Count > 0)
            WritePairs(writer, "entities", "type", "text", request.Entities, static filter => filter.IndexOf(':'));
        if (request.Aspects.Count > 0)
        {
            writer.WriteStartObject();
            writer.WriteStartObject("bool"u8);
            writer.WriteNumber("minimum_should_match"u8, 1);
            writer.WriteStartArray("should"u8);
            WritePairs(writer, "aspects", "term", "sentiment", request.Aspects, static filter => filter.LastIndexOf(':'));
            WritePairs(writer, "aspect_categories", "category", "sentiment", request.Aspects, static filter => filter.LastIndexOf(':'));
            writer.WriteEndArray();
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        WriteTerms(writer, "topics.label", request.Topics);
        WriteTerms(writer, "sentiment.label", request.Sentiments);
        WriteTerms(writer, "source", request.Sources);
        if (request.Since is not null || request.Until is not null)
        {
            writer.WriteStartObject();
            writer.WriteStartObject("range"u8);
            writer.WriteStartObject("event_ticks"u8);
            if (request.Since is { } since)
                writer.WriteNumber("gte"u8, since.UtcTicks);
            if (request.Until is { } until)
                writer.WriteNumber("lt"u8, until.UtcTicks);
            writer.WriteEndObject();
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static void WritePhrases(Utf8JsonWriter writer, ReadOnlySpan<byte> clause, IReadOnlyList<string> phrases)
    {
        writer.WriteStartArray(clause);
        foreach (var phrase in phrases)
        {
            writer.WriteStartObject();
            writer.WriteStartObject("match_phrase"u8);
            writer.WriteString("text"u8, phrase);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static void WriteTerms(Utf8JsonWriter writer, string field, IReadOnlyList<string> values)
    {
        if (values.Count == 0)
            return;
        writer.WriteStartObject();
        writer.WriteStartObject("terms"u8);
        writer.WriteStartArray(field);
        for (var i = 0; i < Math.Min(values.Count, MaxFilterValues); i++)
            writer.WriteStringValue(Text.Valid(values[i]));
        writer.WriteEndArray();
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    /// <summary>Filters of two parts with a colon between; both parts must hold of one and the same annotation.</summary>
    private static void WritePairs(Utf8JsonWriter writer, string path, string first, string second, IReadOnlyList<string> filters, Func<string, int> colon)
    {
        writer.WriteStartObject();
        writer.WriteStartObject("nested"u8);
        writer.WriteString("path"u8, path);
        // An index that an older version made has not every path.
        writer.WriteBoolean("ignore_unmapped"u8, true);
        writer.WriteStartObject("query"u8);
        writer.WriteStartObject("bool"u8);
        writer.WriteNumber("minimum_should_match"u8, 1);
        writer.WriteStartArray("should"u8);
        for (var i = 0; i < Math.Min(filters.Count, MaxFilterValues); i++)
        {
            var filter = Text.Valid(filters[i]);
            var at = colon(filter);
            writer.WriteStartObject();
            writer.WriteStartObject("bool"u8);
            writer.WriteStartArray("filter"u8);
            WriteTerm(writer, path + "." + first, at < 0 ? filter : filter[..at], isNeeded: at < 0);
            WriteTerm(writer, path + "." + second, at < 0 ? "" : filter[(at + 1)..], isNeeded: false);
            writer.WriteEndArray();
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static void WriteTerm(Utf8JsonWriter writer, string field, string value, bool isNeeded)
    {
        if (value.Length == 0 && !isNeeded)
            return;
        writer.WriteStartObject();
        writer.WriteStartObject("term"u8);
        writer.WriteString(field, value);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static void WriteSort(Utf8JsonWriter writer, bool byScore)
    {
        writer.WriteStartArray("sort"u8);
        if (byScore)
            writer.WriteRawValue("""{"_score":"desc"}"""u8);
        writer.WriteRawValue("""{"event_ticks":"desc"}"""u8);
        writer.WriteRawValue("""{"id":"asc"}"""u8);
        writer.WriteEndArray();
        writer.WriteBoolean("track_scores"u8, byScore);
    }

    private static void WriteHighlight(Utf8JsonWriter writer, string open, string close)
    {
        writer.WriteStartObject("highlight"u8);
        writer.WriteStartArray("pre_tags"u8);
        writer.WriteStringValue(open);
        writer.WriteEndArray();
        writer.WriteStartArray("post_tags"u8);
        writer.WriteStringValue(close);
        writer.WriteEndArray();
        writer.WriteStartObject("fields"u8);
        writer.WriteRawValueProperty("text", """{"type":"unified","number_of_fragments":0,"max_analyzed_offset":999999}""");
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static void WriteFacets(Utf8JsonWriter writer, int size)
    {
        if (size == 0)
            return;
        writer.WriteStartObject("aggs"u8);
        foreach (var (name, field) in Facets)
        {
            writer.WriteStartObject(name);
            writer.WriteStartObject("terms"u8);
            writer.WriteString("field"u8, field);
            writer.WriteNumber("size"u8, size);
            writer.WriteNumber("shard_size"u8, Math.Max(100, size * 5));
            writer.WriteRawValueProperty("order", """[{"_count":"desc"},{"_key":"asc"}]""");
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }

    private static void WriteRawValueProperty(this Utf8JsonWriter writer, string name, string json)
    {
        writer.WritePropertyName(name);
        writer.WriteRawValue(json);
    }
}
