using Streaming.Adapters.Elasticsearch.Http;
using Streaming.Adapters.Elasticsearch.Indexing;
using Streaming.Core;
using Streaming.Core.Sinks;
using Streaming.Core.Telemetry;

namespace Streaming.Adapters.Elasticsearch;

/// <summary>
/// Keeps documents in Elasticsearch or OpenSearch with bulk requests. Safe from several threads.
/// </summary>
/// <remarks>
/// Writing is idempotent: id and external version decide, so a request whose answer was lost is simply sent again, and
/// an older write never replaces a newer one whatever overtakes what. Only what failed is sent again; overload, blocks
/// and outages are waited for and never become dead letters.
/// </remarks>
public sealed class ElasticsearchSink : IDocumentSink
{
    private const int MostServerErrors = 8;
    private readonly ElasticsearchOptions _options;
    private readonly ElasticsearchClient _client;
    private readonly IndexBootstrap _bootstrap;
    private readonly LoadGate _gate;
    private readonly OlderIndices _older;
    private readonly string _path;
    private long _tooManyBytes = long.MaxValue;
    private long _fineBytes;
    private readonly Lock _troubleLock = new();
    private string? _trouble;

    /// <summary>A sink; nothing is connected before <see cref="StartAsync"/>.</summary>
    /// <exception cref="StreamingException">A setting is wrong.</exception>
    public ElasticsearchSink(ElasticsearchOptions options)
    {
        _options = options;
        _client = new ElasticsearchClient(options);
        _bootstrap = new IndexBootstrap(_client, options);
        _older = new OlderIndices(_client, options);
        _gate = new LoadGate(
            options.MaxConcurrentBulks, options.BackoffBase, options.BackoffCap, options.Time,
            options.Seed ?? HashCode.Combine(options.Time.GetTimestamp(), Environment.ProcessId));
        _path = "_bulk?require_alias=true&filter_path=errors,items.*._id,items.*.status,items.*.error.type,items.*.error.reason";
    }

    /// <summary>The product behind the address: <c>elasticsearch</c> or <c>opensearch</c>; after the start.</summary>
    public string Product => _bootstrap.Product;

    /// <summary>Checks product, version and credentials, makes template, index and alias where they are missing.</summary>
    /// <exception cref="StreamingException">With a code, within <see cref="ElasticsearchOptions.StartTimeout"/>.</exception>
    public async ValueTask StartAsync(CancellationToken cancellationToken)
    {
        await _bootstrap.CheckAsync(cancellationToken).ConfigureAwait(false);
        await _bootstrap.EnsureAsync(cancellationToken).ConfigureAwait(false);
        await _older.RefreshAsync(await _bootstrap.IndicesAsync(cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<SinkResult>> WriteAsync(IReadOnlyList<DocumentWrite> writes, CancellationToken cancellationToken)
    {
        var results = new SinkResult[writes.Count];
        if (writes.Count == 0)
            return results;
        if (_older.IsDue)
            await _older.RefreshAsync(await IndicesOrNoneAsync(cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
        var homes = await _older.HomesAsync(writes, cancellationToken).ConfigureAwait(false);

        using var body = new BulkBody();
        var chunks = new List<Chunk>();
        Chunk? open = null;
        for (var i = 0; i < writes.Count; i++)
        {
            var home = homes?[i];
            body.Add(writes[i]);
            if (IndexNames.IdError(writes[i].Id) is { } wrong)
            {
                results[i] = new SinkResult(SinkStatus.Rejected, $"Elasticsearch does not take the document: {wrong}.");
                continue;
            }

            var most = Math.Min(_options.MaxBulkBytes, AcceptedBytes());
            if (open is null || open.Items.Count >= _options.MaxBulkDocuments || open.Bytes + body.SizeOf(i) > most || open.Home != home)
                chunks.Add(open = new Chunk(home));
            open.Add(i, body.SizeOf(i));
        }

        var sending = new List<Task>(chunks.Count);
        // One chunk gives up, all give up: nobody may use the buffer once this call has returned.
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        foreach (var chunk in chunks)
            sending.Add(SendUntilDoneAsync(chunk, body, writes, results, stop));
        await Task.WhenAll(sending).ConfigureAwait(false);
        Count(results);
        return results;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _client.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task SendUntilDoneAsync(Chunk first, BulkBody body, IReadOnlyList<DocumentWrite> writes, SinkResult[] results, CancellationTokenSource stop)
    {
        try
        {
            // A stack: halves of a refused request are done before what comes after it.
            var todo = new Stack<Chunk>();
            todo.Push(first);
            while (todo.TryPop(out var chunk))
            {
                if (chunk.Items.Count > 0)
                    await SendAsync(chunk, todo, body, writes, results, stop.Token).ConfigureAwait(false);
            }
        }
        catch
        {
            await stop.CancelAsync().ConfigureAwait(false);
            throw;
        }
    }

    private async Task SendAsync(Chunk chunk, Stack<Chunk> todo, BulkBody body, IReadOnlyList<DocumentWrite> writes, SinkResult[] results, CancellationToken cancellationToken)
    {
        await _gate.EnterAsync(cancellationToken).ConfigureAwait(false);
        Answer answer;
        var begin = _options.Time.GetTimestamp();
        try
        {
            answer = await PostAsync(chunk, body, cancellationToken).ConfigureAwait(false);
        }
        catch (NoAnswerException e)
        {
            _gate.Refused(null);
            ElasticsearchMetrics.Unknown.Add(1);
            Trouble("elasticsearch_away", $"Elasticsearch does not answer ({e.Message}); waiting, nothing is lost.");
            Again(chunk, todo, chunk.Items);
            return;
        }
        catch
        {
            _gate.Leave();
            throw;
        }

        using (answer)
        {
            ElasticsearchMetrics.Seconds.Record(_options.Time.GetElapsedTime(begin).TotalSeconds);
            if (answer.IsSuccess)
                OnItems(answer, chunk, todo, writes, results);
            else
                OnRefusal(answer, chunk, todo, results);
        }
    }

    private async Task<Answer> PostAsync(Chunk chunk, BulkBody body, CancellationToken cancellationToken)
    {
        using var bytes = new PooledBuffer(checked((int)Math.Min(chunk.Bytes, int.MaxValue / 2)) + 1);
        body.CopyTo(bytes, System.Runtime.InteropServices.CollectionsMarshal.AsSpan(chunk.Items), _client.Compresses);
        ElasticsearchMetrics.Requests.Add(1);
        ElasticsearchMetrics.Bytes.Record(chunk.Bytes);
        // Older documents live in the index they were first written to; everything else goes where the alias says.
        var path = chunk.Home is null ? $"{_options.Alias}/{_path}" : $"{chunk.Home}/{_path.Replace("require_alias=true&", "", StringComparison.Ordinal)}";
        using var content = new ReadOnlyMemoryContent(bytes.Memory);
        return await _client.SendAsync(
            HttpMethod.Post, path, content, "application/x-ndjson", _client.Compresses ? "gzip" : null, _options.RequestTimeout, cancellationToken).ConfigureAwait(false);
    }

    private void OnRefusal(Answer answer, Chunk chunk, Stack<Chunk> todo, SinkResult[] results)
    {
        var type = answer.ErrorType();
        if (answer.Status is 413 or 400 && !BulkAnswer.IsBlock(type))
        {
            _gate.Succeeded();
            if (chunk.Items.Count == 1)
            {
                results[chunk.Items[0]] = answer.Status == 413
                    ? new SinkResult(SinkStatus.Rejected, $"Elasticsearch refused the document: larger than http.max_content_length, {chunk.Bytes} bytes.")
                    : BulkAnswer.Reject(new ItemAnswer("", answer.Status, type, null));
                return;
            }

            if (answer.Status == 413)
                Interlocked.Exchange(ref _tooManyBytes, Math.Min(Interlocked.Read(ref _tooManyBytes), chunk.Bytes));
            var (left, right) = chunk.Halve();
            todo.Push(right);
            todo.Push(left);
            return;
        }

        var blocked = BulkAnswer.IsBlock(type) || answer.Status is 401 or 403 or 404;
        (blocked ? ElasticsearchMetrics.Blocked : ElasticsearchMetrics.Throttled).Add(1);
        _gate.Refused(answer.RetryAfter);
        if (blocked)
            OnBlocked(answer.Status, type);
        else
            Trouble("elasticsearch_overloaded", $"Elasticsearch is overloaded (status {answer.Status}, {type ?? "no reason"}); slowing down, nothing is lost.");
        Again(chunk, todo, chunk.Items);
    }

    private void OnItems(Answer answer, Chunk chunk, Stack<Chunk> todo, IReadOnlyList<DocumentWrite> writes, SinkResult[] results)
    {
        if (BulkAnswer.Read(answer.Body) is not { } items)
        {
            ElasticsearchMetrics.Unknown.Add(1);
            _gate.Refused(null);
            Trouble("elasticsearch_unclear", "Elasticsearch's answer is cut or not understood; sending again, nothing is lost.");
            Again(chunk, todo, chunk.Items);
            return;
        }

        var again = new List<int>();
        var serverErrors = new List<int>();
        var refused = false;
        var done = 0;
        var open = Open(chunk, writes);
        foreach (var item in items)
        {
            if (!open.TryGetValue(item.Id, out var indices) || indices.Count == 0)
                continue;
            var index = indices.Dequeue();
            switch (BulkAnswer.Judge(item, writes[index].Document is null))
            {
                case BulkAnswer.Verdict.Applied:
                    results[index] = new SinkResult(SinkStatus.Applied);
                    done++;
                    break;
                case BulkAnswer.Verdict.Superseded:
                    results[index] = new SinkResult(SinkStatus.Superseded);
                    done++;
                    break;
                case BulkAnswer.Verdict.Rejected:
                    results[index] = BulkAnswer.Reject(item);
                    done++;
                    break;
                case BulkAnswer.Verdict.RetryFewTimes when chunk.ServerErrors >= MostServerErrors && chunk.Items.Count == 1:
                    results[index] = BulkAnswer.Reject(item);
                    done++;
                    break;
                case BulkAnswer.Verdict.RetryFewTimes:
                    serverErrors.Add(index);
                    refused = true;
                    break;
                case BulkAnswer.Verdict.Blocked:
                    OnBlocked(item.Status, item.ErrorType);
                    again.Add(index);
                    refused = true;
                    break;
                default:
                    Trouble("elasticsearch_overloaded", $"Elasticsearch is overloaded (item status {item.Status}, {item.ErrorType}); slowing down, nothing is lost.");
                    again.Add(index);
                    refused = true;
                    break;
            }
        }

        // An answer shorter than the question: what it does not mention is asked again.
        foreach (var indices in open.Values)
        {
            while (indices.TryDequeue(out var index))
            {
                again.Add(index);
                refused = true;
            }
        }

        if (refused)
        {
            ElasticsearchMetrics.Throttled.Add(1);
            _gate.Refused(answer.RetryAfter);
        }
        else
        {
            _gate.Succeeded();
            if (chunk.Bytes > Interlocked.Read(ref _fineBytes))
                Interlocked.Exchange(ref _fineBytes, chunk.Bytes);
            if (done > 0)
                Recovered();
        }

        // Those with an error of their own are tried one by one, so that the others do not wait for them.
        foreach (var index in serverErrors)
            todo.Push(chunk.Alone(index));
        if (serverErrors.Count > 0)
            ElasticsearchMetrics.Retries.Add(serverErrors.Count);
        if (again.Count > 0)
        {
            again.Sort();
            Again(chunk, todo, again);
        }
    }

    private static Dictionary<string, Queue<int>> Open(Chunk chunk, IReadOnlyList<DocumentWrite> writes)
    {
        var open = new Dictionary<string, Queue<int>>(chunk.Items.Count, StringComparer.Ordinal);
        foreach (var index in chunk.Items)
        {
            if (!open.TryGetValue(writes[index].Id, out var indices))
                open[writes[index].Id] = indices = new Queue<int>(1);
            indices.Enqueue(index);
        }

        return open;
    }

    private static void Again(Chunk chunk, Stack<Chunk> todo, List<int> items)
    {
        ElasticsearchMetrics.Retries.Add(items.Count);
        todo.Push(ReferenceEquals(items, chunk.Items) ? chunk : chunk.Only(items));
    }

    private void OnBlocked(int status, string? type)
    {
        Trouble(
            "elasticsearch_blocked",
            $"Elasticsearch takes no writes to {_options.Alias} (status {status}, {type ?? "no reason"}); waiting, nothing is lost. "
            + "Free disk space or lift the block; if the alias or the rights are gone, restore them.");
    }

    /// <summary>What the server takes in one request, as far as its 413 answers have told.</summary>
    private long AcceptedBytes()
    {
        var tooMany = Interlocked.Read(ref _tooManyBytes);
        return tooMany == long.MaxValue ? tooMany : Math.Max(Math.Min(Interlocked.Read(ref _fineBytes), tooMany - 1), tooMany / 2);
    }

    private async Task<IReadOnlyList<string>> IndicesOrNoneAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await _bootstrap.IndicesAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (StreamingException)
        {
            // Away or overloaded: the write below waits for it and says so.
            return [];
        }
    }

    // Said when it begins and when its kind changes, not with each request.
    private void Trouble(string code, string message)
    {
        if (Became(code))
            _options.OnNotice?.Invoke(new Notice(NoticeLevel.Warning, code, message));
    }

    private void Recovered()
    {
        if (Became(null))
            _options.OnNotice?.Invoke(new Notice(NoticeLevel.Information, "elasticsearch_back", "Elasticsearch takes writes again."));
    }

    /// <returns>Whether that is another trouble than before.</returns>
    private bool Became(string? trouble)
    {
        lock (_troubleLock)
        {
            var before = _trouble;
            _trouble = trouble;
            return before != trouble;
        }
    }

    private static void Count(SinkResult[] results)
    {
        int applied = 0, superseded = 0, rejected = 0;
        foreach (var result in results)
        {
            if (result.Status == SinkStatus.Applied)
                applied++;
            else if (result.Status == SinkStatus.Superseded)
                superseded++;
            else
                rejected++;
        }

        ElasticsearchMetrics.Applied.Add(applied);
        ElasticsearchMetrics.Superseded.Add(superseded);
        ElasticsearchMetrics.Rejected.Add(rejected);
    }
}
