using System.Text;
using System.Text.Json;
using Streaming.Core.Messaging;
using Streaming.Core.Sinks;
using Streaming.Core.Telemetry;
using Streaming.Testing.Chaos;
using Streaming.Testing.Engine;
using Streaming.Testing.Faults;
using Streaming.Testing.Servers;

namespace Streaming.Adapters.Elasticsearch.Tests.Faults;

/// <summary>
/// A pipeline from a log in memory into a real Elasticsearch behind a bad network, with an oracle: the ledger hears what is
/// acknowledged and committed, and at the end the server is asked what is really there.
/// </summary>
internal sealed class FaultWorld : IAsyncDisposable
{
    private static int s_number;
    private readonly ElasticsearchServer _server;
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromMinutes(3) };
    private readonly List<Notice> _notices = [];
    private readonly ElasticsearchSink _sink;
    private readonly CancellationTokenSource _stop = new();

    private FaultWorld(ElasticsearchServer server, Func<ElasticsearchOptions, ElasticsearchOptions>? change, Func<FaultWorld, IDocumentSink, IDocumentSink>? bug, string? alias)
    {
        _server = server;
        Proxy = new ChaosProxy(server.Port);
        Alias = alias ?? $"fault-{Interlocked.Increment(ref s_number)}";
        var options = new ElasticsearchOptions
        {
            Urls = [new Uri($"http://127.0.0.1:{Proxy.Port}")],
            Alias = Alias,
            MaxBulkDocuments = 50,
            BackoffBase = TimeSpan.FromMilliseconds(20),
            BackoffCap = TimeSpan.FromMilliseconds(200),
            StartTimeout = TimeSpan.FromMinutes(3),
            RequestTimeout = TimeSpan.FromSeconds(60),
            OnNotice = notice =>
            {
                lock (_notices)
                    _notices.Add(notice);
            },
        };
        _sink = new ElasticsearchSink(change?.Invoke(options) ?? options);
        Pipeline = new PipelineWorld(TestEngine.Create(), 2);
        Pipeline.Delivery = Pipeline.Delivery with { MaxWriteSize = 100 };
        Pipeline.Batching = Pipeline.Batching with { MaxQueueSize = 400 };
        Sink = new WatchedSink(bug?.Invoke(this, _sink) ?? _sink, Pipeline.Ledger);
        Pipeline.DocumentSink = Sink;
    }

    /// <summary>Longest wait for anything.</summary>
    public static TimeSpan Patience { get; } = TimeSpan.FromMinutes(FaultCounts.Of(20, 6));

    public PipelineWorld Pipeline { get; }

    public ChaosProxy Proxy { get; }

    public WatchedSink Sink { get; }

    public string Alias { get; }

    /// <summary>Opens it with an index of its own, or with one that is there.</summary>
    /// <param name="server">The server.</param>
    /// <param name="change">Other settings.</param>
    /// <param name="bug">A planted bug, put before the sink.</param>
    /// <param name="alias">An index that is there.</param>
    public static async Task<FaultWorld> OpenAsync(
        ElasticsearchServer server, Func<ElasticsearchOptions, ElasticsearchOptions>? change = null, Func<FaultWorld, IDocumentSink, IDocumentSink>? bug = null, string? alias = null)
    {
        var world = new FaultWorld(server, change, bug, alias);
        await world._sink.StartAsync(CancellationToken.None);
        return world;
    }

    /// <summary>Runs the pipeline to the end of its log.</summary>
    public async Task RunAsync()
    {
        await using var source = Pipeline.Log.Consume();
        await Pipeline.StartAsync(source, default, _stop.Token).WaitAsync(Patience);
    }

    /// <summary>How often it said so.</summary>
    public int Heard(string code)
    {
        lock (_notices)
            return _notices.Count(notice => notice.Code == code);
    }

    /// <summary>Waits for something that happens in another task.</summary>
    public static async Task UntilAsync(Func<bool> isSo, string what)
    {
        using var limit = new CancellationTokenSource(Patience);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        while (!isSo())
        {
            if (limit.IsCancellationRequested)
                Assert.Fail("waited in vain for " + what);
            await timer.WaitForNextTickAsync(CancellationToken.None);
        }
    }

    /// <summary>Sets a setting of the index, past the proxy; null takes it away.</summary>
    public async Task SetAsync(string setting, bool? value)
    {
        using var content = new StringContent($"{{\"{setting}\":{value?.ToString().ToLowerInvariant() ?? "null"}}}", Encoding.UTF8, "application/json");
        using var response = await _http.PutAsync(new Uri(_server.Url, $"{Alias}/_settings"), content);
        response.EnsureSuccessStatusCode();
    }

    /// <summary>Documents that are really there, id → version.</summary>
    public async Task<Dictionary<string, long>> StoredAsync()
    {
        using var refreshed = await _http.PostAsync(new Uri(_server.Url, $"{Alias}/_refresh"), null);
        refreshed.EnsureSuccessStatusCode();
        var stored = new Dictionary<string, long>(StringComparer.Ordinal);
        string? after = null;
        while (true)
        {
            var body = $$"""{"size":5000,"version":true,"_source":false,"sort":[{"id":"asc"}]{{(after is null ? "" : $",\"search_after\":[{JsonSerializer.Serialize(after)}]")}}}""";
            using var response = await _http.PostAsync(new Uri(_server.Url, $"{Alias}/_search"), new StringContent(body, Encoding.UTF8, "application/json"));
            using var answer = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
            var hits = answer.RootElement.GetProperty("hits").GetProperty("hits");
            foreach (var hit in hits.EnumerateArray())
            {
                after = hit.GetProperty("_id").GetString()!;
                stored.Add(after, hit.GetProperty("_version").GetInt64());
            }

            if (hits.GetArrayLength() < 5_000)
                return stored;
        }
    }

    /// <summary>Everything that is wrong; each input must be there at its own version, or be one of so many dead letters.</summary>
    public async Task<IReadOnlyList<string>> AuditAsync(int deadLetters = 0)
    {
        var found = new List<string>(Pipeline.Ledger.Audit());
        var letters = Pipeline.Letters.Letters;
        if (letters.Count != deadLetters)
            found.Add($"{letters.Count} dead letters instead of {deadLetters}");
        var dead = letters.Select(static letter => Encoding.UTF8.GetString(letter.Key!)).ToHashSet(StringComparer.Ordinal);
        var stored = await StoredAsync();
        var expected = 0;
        foreach (var (id, offset) in Inputs())
        {
            if (dead.Contains(id))
                continue;
            expected++;
            if (!stored.TryGetValue(id, out var version))
                found.Add($"{id} was acknowledged and is not there");
            else if (version != DocumentVersion.From(offset))
                found.Add($"{id} has version {version} instead of {DocumentVersion.From(offset)}");
        }

        if (stored.Count != expected)
            found.Add($"{stored.Count} documents of {expected} inputs");
        for (var partition = 0; partition < Pipeline.Log.Partitions; partition++)
        {
            if (Pipeline.Log.Committed(partition) != Pipeline.Log.End(partition))
                found.Add($"partition {partition} is committed to {Pipeline.Log.Committed(partition)} of {Pipeline.Log.End(partition)}");
        }

        return found;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Proxy.DisposeAsync();
        await _sink.DisposeAsync();
        _http.Dispose();
        _stop.Dispose();
    }

    // As PipelineWorld.Append makes them: key-N round robin over the partitions.
    private IEnumerable<(string Id, long Offset)> Inputs()
    {
        for (var i = 0; i < Pipeline.Log.Count; i++)
            yield return ($"key-{i}", i / Pipeline.Log.Partitions);
    }
}
