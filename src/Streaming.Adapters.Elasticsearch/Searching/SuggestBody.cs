using System.Text;
using System.Text.Json;
using Streaming.Adapters.Elasticsearch.Http;
using Streaming.Core.Search;

namespace Streaming.Adapters.Elasticsearch.Searching;

/// <summary>
/// A question for names that begin so: prefix queries choose the documents, and the facets' terms are counted over those,
/// filtered by a regular expression made of nothing but the prefix.
/// </summary>
internal static class SuggestBody
{
    private const int Variants = 3;

    private static readonly (string Kind, string Field, string Before)[] Kinds =
    [
        (Suggestion.Entity, "facets.entity", "[^:]*:"), (Suggestion.Topic, "facets.topic", ""), (Suggestion.Aspect, "facets.aspect", ""),
    ];

    /// <summary>The body of the search.</summary>
    /// <param name="prefix">As <see cref="Suggestion.Fold"/> gives it.</param>
    /// <param name="size">Names of each kind.</param>
    /// <param name="timeout">The server's own limit.</param>
    public static string Write(string prefix, int size, TimeSpan timeout)
    {
        using var buffer = new PooledBuffer();
        using var writer = new Utf8JsonWriter(buffer);
        writer.WriteStartObject();
        writer.WriteNumber("size"u8, 0);
        writer.WriteBoolean("track_total_hits"u8, false);
        writer.WriteString("timeout"u8, $"{(long)timeout.TotalMilliseconds}ms");
        writer.WriteStartObject("query"u8);
        writer.WriteStartObject("bool"u8);
        writer.WriteNumber("minimum_should_match"u8, 1);
        writer.WriteStartArray("should"u8);
        WriteNested(writer, "entities", "entities.text", prefix);
        WriteNested(writer, "aspects", "aspects.term", prefix);
        WriteNested(writer, "aspect_categories", "aspect_categories.category", prefix);
        writer.WriteStartObject();
        WritePrefix(writer, "facets.topic", prefix, anyCase: true);
        writer.WriteEndObject();
        writer.WriteEndArray();
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.WriteStartObject("aggs"u8);
        foreach (var (kind, field, before) in Kinds)
        {
            writer.WriteStartObject(kind);
            writer.WriteStartObject("terms"u8);
            writer.WriteString("field"u8, field);
            writer.WriteString("include"u8, before + Pattern(prefix));

            // The same name in another case is one name; so there must be more than asked for.
            writer.WriteNumber("size"u8, size * Variants);
            writer.WriteNumber("shard_size"u8, Math.Max(100, size * Variants * 2));
            writer.WritePropertyName("order"u8);
            writer.WriteRawValue("""[{"_count":"desc"},{"_key":"asc"}]"""u8);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.Flush();
        return Encoding.UTF8.GetString(buffer.Span);
    }

    /// <summary>Names from the answer, those that differ in case only as one under its most frequent form.</summary>
    public static IReadOnlyList<Suggestion> Read(JsonElement aggregations, int size)
    {
        var found = new Dictionary<(string, string), Suggestion>();
        foreach (var (kind, _, _) in Kinds)
        {
            foreach (var bucket in aggregations.GetProperty(kind).GetProperty("buckets").EnumerateArray())
            {
                var value = bucket.GetProperty("key").GetString() ?? "";
                var count = bucket.GetProperty("doc_count").GetInt64();
                var key = (kind, kind == Suggestion.Topic ? value : Folded(value));
                found[key] = found.TryGetValue(key, out var known) ? known with { Count = known.Count + count } : new Suggestion(kind, value, count);
            }
        }

        return Suggestion.Best(found.Values, size);
    }

    /// <summary>Lucene's regular expressions have no flag for case, and give many signs a meaning.</summary>
    private static string Pattern(string prefix)
    {
        var pattern = new StringBuilder();
        foreach (var rune in prefix.EnumerateRunes())
        {
            var upper = Rune.ToUpperInvariant(rune);
            if (upper != rune)
                pattern.Append('[').Append(rune).Append(upper).Append(']');
            else if (rune.IsAscii && !char.IsAsciiLetterOrDigit((char)rune.Value))
                pattern.Append('\\').Append(rune);
            else
                pattern.Append(rune);
        }

        return pattern.Append(".*").ToString();
    }

    private static string Folded(string value)
    {
        // An entity's type keeps its case.
        var colon = value.IndexOf(':') + 1;
        return string.Concat(value.AsSpan(0, colon), value[colon..].ToLowerInvariant());
    }

    private static void WriteNested(Utf8JsonWriter writer, string path, string field, string prefix)
    {
        writer.WriteStartObject();
        writer.WriteStartObject("nested"u8);
        writer.WriteString("path"u8, path);
        // An index that an older version made has not every path.
        writer.WriteBoolean("ignore_unmapped"u8, true);
        writer.WriteStartObject("query"u8);
        WritePrefix(writer, field, prefix, anyCase: false);
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static void WritePrefix(Utf8JsonWriter writer, string field, string prefix, bool anyCase)
    {
        writer.WriteStartObject("prefix"u8);
        writer.WriteStartObject(field);
        writer.WriteString("value"u8, prefix);
        if (anyCase)
            writer.WriteBoolean("case_insensitive"u8, true);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }
}
