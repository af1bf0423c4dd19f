using Streaming.Contracts;
using Streaming.Core;
using Streaming.Core.Messaging;
using Streaming.Core.Sinks;
using Streaming.Testing.Engine;

namespace Streaming.Testing.Fakes;

/// <summary>An index in memory, with switches for its faults.</summary>
public class InMemorySink(Ledger ledger) : IDocumentSink
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, (long Version, EnrichedDocument? Document)> _documents = new(StringComparer.Ordinal);
    private readonly List<(string Id, long Version)> _history = [];
    private TaskCompletionSource? _held;

    /// <summary>Why a write is refused; null: it is not.</summary>
    public Func<DocumentWrite, string?>? Reject { get; set; }

    /// <summary>Called with the number of each call (from 1) before anything is applied; may throw.</summary>
    public Action<int>? BeforeApply { get; set; }

    /// <summary>Called after it is applied and before it is acknowledged; may throw: the answer is lost.</summary>
    public Action<int>? BeforeAcknowledge { get; set; }

    /// <summary>Calls so far.</summary>
    public int Calls { get; private set; }

    /// <summary>What is indexed.</summary>
    public IReadOnlyDictionary<string, EnrichedDocument> Documents
    {
        get
        {
            lock (_lock)
                return _documents.Where(pair => pair.Value.Document is not null).ToDictionary(pair => pair.Key, pair => pair.Value.Document!);
        }
    }

    /// <summary>Every write that was tried, in order.</summary>
    public IReadOnlyList<(string Id, long Version)> History
    {
        get
        {
            lock (_lock)
                return [.. _history];
        }
    }

    /// <summary>Withholds acknowledgements until <see cref="LetGo"/>.</summary>
    public void Hold() => _held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ends <see cref="Hold"/>.</summary>
    public void LetGo()
    {
        var held = _held;
        _held = null;
        held?.TrySetResult();
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<SinkResult>> WriteAsync(IReadOnlyList<DocumentWrite> writes, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var call = ++Calls;
        BeforeApply?.Invoke(call);
        var results = new SinkResult[writes.Count];
        lock (_lock)
        {
            for (var i = 0; i < results.Length; i++)
                results[i] = Apply(writes[i]);
        }

        BeforeAcknowledge?.Invoke(call);
        if (_held is { } held)
            await held.Task.WaitAsync(cancellationToken);
        for (var i = 0; i < results.Length; i++)
        {
            if (results[i].Status != SinkStatus.Rejected)
                ledger.Acknowledge(writes[i].Id, writes[i].Version, writes[i].Document);
        }

        return results;
    }

    /// <inheritdoc/>
    public virtual ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return default;
    }

    private SinkResult Apply(DocumentWrite write)
    {
        _history.Add((write.Id, write.Version));
        if (Reject?.Invoke(write) is { } reason)
            return new SinkResult(SinkStatus.Rejected, reason);
        if (_documents.TryGetValue(write.Id, out var there) && there.Version >= write.Version)
            return new SinkResult(SinkStatus.Superseded);
        _documents[write.Id] = (write.Version, write.Document);
        return new SinkResult(SinkStatus.Applied);
    }
}

/// <summary>Dead letters in memory, with switches for their faults.</summary>
public sealed class InMemoryDeadLetters(Ledger ledger) : IDeadLetterSink
{
    private readonly Lock _lock = new();
    private readonly Dictionary<(TopicPartition, long), DeadLetter> _letters = [];
    private TaskCompletionSource? _held;

    /// <summary>Called before anything is stored; may throw.</summary>
    public Action? BeforeStore { get; set; }

    /// <summary>What is stored.</summary>
    public IReadOnlyList<DeadLetter> Letters
    {
        get
        {
            lock (_lock)
                return [.. _letters.Values];
        }
    }

    /// <summary>Withholds acknowledgements until <see cref="LetGo"/>.</summary>
    public void Hold() => _held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ends <see cref="Hold"/>.</summary>
    public void LetGo()
    {
        var held = _held;
        _held = null;
        held?.TrySetResult();
    }

    /// <inheritdoc/>
    public async ValueTask WriteAsync(IReadOnlyList<DeadLetter> letters, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        BeforeStore?.Invoke();
        if (_held is { } held)
            await held.Task.WaitAsync(cancellationToken);
        foreach (var letter in letters)
        {
            lock (_lock)
                _letters[(new TopicPartition(letter.Topic, letter.Partition), letter.Offset)] = letter;
            ledger.Acknowledge(letter);
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => default;
}

/// <summary>A store that keeps documents, dead letters, counts and offsets together, in memory: all of a transaction or nothing.</summary>
public sealed class InMemoryTransactionalStore(InMemoryLog log) : ITransactionalSink
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, (long Version, EnrichedDocument? Document)> _documents = new(StringComparer.Ordinal);
    private readonly Dictionary<(TopicPartition, long), DeadLetter> _letters = [];

    /// <summary>Called inside the transaction, before or after the rest is asked for; may throw: then nothing is stored.</summary>
    public Action<bool>? Inside { get; set; }

    /// <summary>Why a write is refused; null: it is not.</summary>
    public Func<DocumentWrite, string?>? Reject { get; set; }

    /// <summary>Totals, exactly once.</summary>
    public OutcomeCounts Outcomes { get; private set; }

    /// <summary>What is indexed.</summary>
    public IReadOnlyDictionary<string, EnrichedDocument> Documents
    {
        get
        {
            lock (_lock)
                return _documents.Where(pair => pair.Value.Document is not null).ToDictionary(pair => pair.Key, pair => pair.Value.Document!);
        }
    }

    /// <summary>What is given up.</summary>
    public IReadOnlyList<DeadLetter> Letters
    {
        get
        {
            lock (_lock)
                return [.. _letters.Values];
        }
    }

    /// <inheritdoc/>
    public ValueTask WriteAsync(IReadOnlyList<DocumentWrite> writes, Func<IReadOnlyList<SinkResult>, TransactionTail> complete, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_lock)
        {
            Inside?.Invoke(false);
            var changed = new Dictionary<string, (long Version, EnrichedDocument? Document)>(StringComparer.Ordinal);
            var results = new SinkResult[writes.Count];
            for (var i = 0; i < results.Length; i++)
            {
                var write = writes[i];
                var there = changed.TryGetValue(write.Id, out var own) || _documents.TryGetValue(write.Id, out own) ? own.Version : 0;
                if (Reject?.Invoke(write) is { } reason)
                    results[i] = new SinkResult(SinkStatus.Rejected, reason);
                else if (there >= write.Version)
                    results[i] = new SinkResult(SinkStatus.Superseded);
                else
                    changed[write.Id] = (write.Version, write.Document);
            }

            var tail = complete(results);
            Inside?.Invoke(true);
            foreach (var (id, value) in changed)
                _documents[id] = value;
            for (var i = 0; i < results.Length; i++)
            {
                if (results[i].Status != SinkStatus.Rejected)
                    log.Ledger.Acknowledge(writes[i].Id, writes[i].Version, writes[i].Document);
            }

            foreach (var letter in tail.DeadLetters)
            {
                _letters[(new TopicPartition(letter.Topic, letter.Partition), letter.Offset)] = letter;
                log.Ledger.Acknowledge(letter);
            }

            foreach (var commit in tail.Commits)
                log.StoreTransactional(commit);
            Outcomes += tail.Outcomes;
        }

        return default;
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<SinkResult>> WriteAsync(IReadOnlyList<DocumentWrite> writes, CancellationToken cancellationToken)
    {
        IReadOnlyList<SinkResult> answer = [];
        await WriteAsync(
            writes,
            results =>
            {
                answer = [.. results];
                return new TransactionTail([], [], default);
            },
            cancellationToken);
        return answer;
    }

    /// <inheritdoc/>
    public async ValueTask WriteAsync(IReadOnlyList<DeadLetter> letters, CancellationToken cancellationToken) =>
        await WriteAsync([], _ => new TransactionTail(letters, [], default), cancellationToken);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => default;

    /// <summary>An outage.</summary>
    public static DependencyUnavailableException Away() => new("store_away", "the store is away");
}
