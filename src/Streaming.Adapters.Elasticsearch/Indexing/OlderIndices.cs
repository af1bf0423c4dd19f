using System.Text;
using System.Text.Json;
using Streaming.Adapters.Elasticsearch.Http;
using Streaming.Core.Sinks;

namespace Streaming.Adapters.Elasticsearch.Indexing;

/// <summary>
/// After a rollover, a document that was written before it lives in an older index. Writing it through the alias would
/// make a second one, so each write looks first whether an older index has it. With one index there is nothing to look up.
/// </summary>
internal sealed class OlderIndices(ElasticsearchClient client, ElasticsearchOptions options)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);
    private volatile string[] _older = [];
    private long _lookedAt;

    /// <summary>True when it is time to look at the alias again.</summary>
    public bool IsDue => options.Time.GetElapsedTime(Interlocked.Read(ref _lookedAt)) >= Interval;

    /// <summary>Takes note of the indices behind the alias, the write index last.</summary>
    public async Task RefreshAsync(IReadOnlyList<string> indices, CancellationToken cancellationToken)
    {
        Interlocked.Exchange(ref _lookedAt, options.Time.GetTimestamp());
        if (indices.Count < 2)
        {
            if (indices.Count == 1)
                _older = [];
            return;
        }

        var older = new string[indices.Count - 1];
        for (var i = 0; i < older.Length; i++)
            older[i] = indices[i];
        if (!older.AsSpan().SequenceEqual(_older))
        {
            // What was written just before the rollover must be found.
            using var answer = await AskAsync($"{string.Join(',', older)}/_refresh", null, cancellationToken).ConfigureAwait(false);
        }

        _older = older;
    }

    /// <summary>For each write the older index that holds its document, or null; null as a whole when there is no older index.</summary>
    public async Task<string?[]?> HomesAsync(IReadOnlyList<DocumentWrite> writes, CancellationToken cancellationToken)
    {
        var older = _older;
        if (older.Length == 0)
            return null;
        var homes = new string?[writes.Count];
        for (var from = 0; from < writes.Count; from += 1_000)
        {
            var until = Math.Min(from + 1_000, writes.Count);
            using var answer = await AskAsync($"{string.Join(',', older)}/_search?filter_path=hits.hits._id,hits.hits._index", Query(writes, from, until), cancellationToken).ConfigureAwait(false);
            var found = new Dictionary<string, string>(StringComparer.Ordinal);
            using var document = JsonDocument.Parse(answer.BodyMemory);
            if (document.RootElement.TryGetProperty("hits", out var outer) && outer.TryGetProperty("hits", out var hits))
            {
                foreach (var hit in hits.EnumerateArray())
                    found[hit.GetProperty("_id").GetString()!] = hit.GetProperty("_index").GetString()!;
            }

            for (var i = from; i < until; i++)
                homes[i] = found.GetValueOrDefault(writes[i].Id);
        }

        return homes;
    }

    private static string Query(IReadOnlyList<DocumentWrite> writes, int from, int until)
    {
        using var buffer = new PooledBuffer();
        using var writer = new Utf8JsonWriter(buffer);
        writer.WriteStartObject();
        writer.WriteNumber("size"u8, until - from);
        writer.WriteBoolean("_source"u8, false);
        writer.WriteBoolean("track_total_hits"u8, false);
        writer.WriteStartObject("query"u8);
        writer.WriteStartObject("ids"u8);
        writer.WriteStartArray("values"u8);
        for (var i = from; i < until; i++)
            writer.WriteStringValue(writes[i].Id);
        writer.WriteEndArray();
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.Flush();
        return Encoding.UTF8.GetString(buffer.Span);
    }

    private async Task<Answer> AskAsync(string path, string? json, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                var answer = await client.SendAsync(HttpMethod.Post, path, json, cancellationToken).ConfigureAwait(false);
                if (answer.IsSuccess)
                    return answer;
                answer.Dispose();
            }
            catch (NoAnswerException)
            {
                // Guessing would risk a second document: it waits like any write.
            }

            await Task.Delay(RetryDelay, options.Time, cancellationToken).ConfigureAwait(false);
        }
    }
}
