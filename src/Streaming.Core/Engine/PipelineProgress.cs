using Streaming.Contracts;
using Streaming.Core.Sinks;

namespace Streaming.Core.Engine;

/// <summary>What a pipeline has done so far, for a progress line or a status page. Safe for concurrent use.</summary>
public sealed class PipelineProgress
{
    private long _read, _indexed, _deadLettered, _filtered, _deleted, _entities, _topics, _sentiments, _aspects, _tokens, _backlog = -1;
    private int _started, _documents;
    private long _bytes;
    private string? _model;

    /// <summary>True once the source has started.</summary>
    public bool IsStarted => Volatile.Read(ref _started) != 0;

    /// <summary>Everything as it is now.</summary>
    public PipelineSnapshot Snapshot() => new()
    {
        Read = Interlocked.Read(ref _read),
        Outcomes = new OutcomeCounts(
            Interlocked.Read(ref _indexed), Interlocked.Read(ref _deadLettered), Interlocked.Read(ref _filtered), Interlocked.Read(ref _deleted)),
        Entities = Interlocked.Read(ref _entities),
        Topics = Interlocked.Read(ref _topics),
        Sentiments = Interlocked.Read(ref _sentiments),
        Aspects = Interlocked.Read(ref _aspects),
        Tokens = Interlocked.Read(ref _tokens),
        Backlog = Interlocked.Read(ref _backlog) is var backlog and >= 0 ? backlog : null,
        InFlightDocuments = Volatile.Read(ref _documents),
        InFlightBytes = Interlocked.Read(ref _bytes),
        ModelVersion = Volatile.Read(ref _model),
    };

    internal void Start() => Volatile.Write(ref _started, 1);

    internal void AddRead(int messages) => Interlocked.Add(ref _read, messages);

    internal void AddTokens(long tokens) => Interlocked.Add(ref _tokens, tokens);

    internal void SetBacklog(long messages) => Interlocked.Exchange(ref _backlog, messages);

    internal void SetModel(string version) => Volatile.Write(ref _model, version);

    internal void SetInFlight(int documents, long bytes)
    {
        Volatile.Write(ref _documents, documents);
        Interlocked.Exchange(ref _bytes, bytes);
    }

    internal void AddOutcomes(OutcomeCounts counts)
    {
        Interlocked.Add(ref _indexed, counts.Indexed);
        Interlocked.Add(ref _deadLettered, counts.DeadLettered);
        Interlocked.Add(ref _filtered, counts.Filtered);
        Interlocked.Add(ref _deleted, counts.Deleted);
    }

    internal void AddDocument(EnrichedDocument document)
    {
        Interlocked.Add(ref _entities, document.Entities.Count);
        Interlocked.Add(ref _topics, document.Topics.Count);
        Interlocked.Add(ref _aspects, document.Aspects.Count);
        if (document.Sentiment is not null)
            Interlocked.Increment(ref _sentiments);
    }
}

/// <summary>A pipeline at one moment; rates are the difference of two.</summary>
public sealed record PipelineSnapshot
{
    /// <summary>Messages read, replays included.</summary>
    public long Read { get; init; }

    /// <summary>Messages that ended, by terminal state; replays included.</summary>
    public OutcomeCounts Outcomes { get; init; }

    /// <summary>Entities found in indexed documents.</summary>
    public long Entities { get; init; }

    /// <summary>Topics found in indexed documents.</summary>
    public long Topics { get; init; }

    /// <summary>Indexed documents with a sentiment.</summary>
    public long Sentiments { get; init; }

    /// <summary>Aspects found in indexed documents.</summary>
    public long Aspects { get; init; }

    /// <summary>Tokens that went through the model, padding not counted.</summary>
    public long Tokens { get; init; }

    /// <summary>Messages not yet committed when last measured; null before the first time.</summary>
    public long? Backlog { get; init; }

    /// <summary>Documents between read and acknowledged.</summary>
    public int InFlightDocuments { get; init; }

    /// <summary>Bytes of those documents' messages.</summary>
    public long InFlightBytes { get; init; }

    /// <summary>Version of the model in force.</summary>
    public string? ModelVersion { get; init; }
}
