using Streaming.Contracts;
using Streaming.Core.Messaging;
using Streaming.Core.Sinks;
using Streaming.Core.Telemetry;

namespace Streaming.Core.Engine.Stages;

/// <summary>
/// Writes what has ended to its sink or its dead letters and marks it finished only when that is acknowledged, item by item.
/// With a transactional sink the offsets go into the same transaction.
/// </summary>
/// <remarks>One write at a time.</remarks>
internal sealed class Deliverer(EngineContext context)
{
    public const string Name = "sink";

    private readonly ITransactionalSink? _transaction = context.Pipeline.Sink as ITransactionalSink;
    private readonly RequestWriter _requests = new(context);
    private readonly List<InFlightDocument> _written = [];
    private IReadOnlyList<InFlightDocument> _batch = [];
    private long _oldest;

    /// <summary>Whether writing commits too.</summary>
    public bool IsTransactional => _transaction is not null;

    /// <summary>When the oldest message of the write under way was read.</summary>
    public long? OldestReadAt => Interlocked.Read(ref _oldest) is var at and not 0 ? at : null;

    /// <summary>Whether a document is still to be written. When its partition has gone it leaves the pipeline here.</summary>
    public bool Admit(InFlightDocument document)
    {
        if (document.Lane.IsLive && document.Ending != Ending.Unknown)
            return true;
        context.Telemetry.Fenced();
        document.Lane.Leave();
        document.EndSpan("fenced");
        context.Gate.Leave(1, document.Message.SizeInBytes);
        return false;
    }

    /// <summary>Writes a batch of admitted documents and waits until all of it is acknowledged.</summary>
    public async ValueTask DeliverAsync(IReadOnlyList<InFlightDocument> batch)
    {
        if (batch.Count == 0)
            return;
        _batch = batch;
        Interlocked.Exchange(ref _oldest, batch[0].ReadAt);
        var started = context.Time.GetTimestamp();
        using var span = PipelineTracing.IsOn ? PipelineTracing.StartBatch("deliver", context.Pipeline.Topology, batch.Select(static document => document.Span)) : null;
        var attempt = Attempt();
        if (_transaction is not null)
            await WriteInTransactionAsync(attempt);
        else
            await WriteAsync(attempt);
        Acknowledge(attempt, started);
        Interlocked.Exchange(ref _oldest, 0);
    }

    private Delivery Attempt()
    {
        var attempt = new Delivery { Requests = _requests.Choose(_batch) };
        _written.Clear();
        foreach (var document in _batch)
        {
            switch (document.Ending)
            {
                case Ending.Index or Ending.Delete:
                    _written.Add(document);
                    attempt.Writes.Add(new DocumentWrite
                    {
                        Id = document.Id!,
                        Version = DocumentVersion.From(Redriven.OrderingOffset(document.Message), context.Pipeline.Delivery.Generation),
                        Document = document.Document,
                        Headers = document.Message.Headers,
                    });
                    break;
                case Ending.DeadLetter:
                    attempt.Letters.Add(context.Rules.Letter(document.Message, document.Failure!));
                    break;
            }
        }

        attempt.OwnLetters = attempt.Letters.Count;
        return attempt;
    }

    private async ValueTask WriteAsync(Delivery attempt)
    {
        IReadOnlyList<SinkResult> results = [];
        if (attempt.Writes.Count > 0)
        {
            results = await context.Retry.RunAsync(
                static (call, token) => call.Sink.WriteAsync(call.Writes, token), (context.Pipeline.Sink, attempt.Writes), context.Stop);
        }

        Judge(attempt, results);
        if (attempt.Letters.Count > 0)
        {
            await context.Retry.RunAsync(
                static async (call, token) =>
                {
                    await call.DeadLetters.WriteAsync(call.Letters, token);
                    return true;
                },
                (context.Pipeline.DeadLetters, attempt.Letters),
                context.Stop);
        }

        await _requests.WriteAsync(attempt.Requests);
        Finish();
    }

    private async ValueTask WriteInTransactionAsync(Delivery attempt)
    {
        var finished = false;
        var taken = new List<PartitionCommit>();
        await context.Retry.RunAsync(
            async (transaction, token) =>
            {
                await transaction.WriteAsync(
                    attempt.Writes,
                    results =>
                    {
                        Judge(attempt, results);

                        // Only this stage commits here, so a failed attempt may leave them marked: the next one carries the same offsets.
                        if (!finished)
                            Finish();
                        finished = true;
                        context.Tracker.Untake(taken);
                        taken.Clear();
                        context.Tracker.TakeCommits(taken);
                        RequireHeld();
                        return new TransactionTail(attempt.Letters, taken, attempt.Counts) { Requests = attempt.Requests };
                    },
                    token);
                return true;
            },
            _transaction!,
            context.Stop);
        _requests.Chosen(attempt.Requests);
    }

    /// <summary>Sorts the sink's answers into outcomes; what it refused becomes a dead letter.</summary>
    private void Judge(Delivery attempt, IReadOnlyList<SinkResult> results)
    {
        if (results.Count != attempt.Writes.Count)
            throw new InvalidOperationException($"this is a bug: the sink answered {results.Count} of {attempt.Writes.Count} writes");
        attempt.Letters.RemoveRange(attempt.OwnLetters, attempt.Letters.Count - attempt.OwnLetters);
        attempt.Superseded = 0;
        attempt.Refused?.Clear();
        long indexed = 0, deleted = 0;
        for (var i = 0; i < results.Count; i++)
        {
            var document = _written[i];
            switch (results[i].Status)
            {
                case SinkStatus.Rejected:
                    (attempt.Refused ??= []).Add(document);
                    attempt.Letters.Add(context.Rules.Letter(
                        document.Message,
                        new StageFailure(Name, ErrorCodes.SinkRejected, results[i].Reason ?? "the sink refused the document")));
                    continue;
                case SinkStatus.Superseded:
                    attempt.Superseded++;
                    break;
            }

            if (document.Ending == Ending.Delete)
                deleted++;
            else
                indexed++;
        }

        var filtered = _batch.Count - _written.Count - attempt.OwnLetters;
        attempt.Counts = new OutcomeCounts(indexed, attempt.Letters.Count, filtered, deleted);
    }

    // A partition that went meanwhile is read by someone else, who writes its documents with its offsets: from here they must not come
    // a second time, without. Looked at behind the offsets: whatever is missing among those belongs to a lane that has ended before.
    private void RequireHeld()
    {
        foreach (var document in _batch)
        {
            if (!document.Lane.IsLive)
                throw new StreamingException("assignment_lost", $"{document.Message.Partition} went to another process in the middle of a transaction; nothing of it is stored, and its messages are read again.", ExitCode.DependencyUnavailable);
        }
    }

    private void Finish()
    {
        foreach (var document in _batch)
        {
            if (!context.Tracker.Complete(document.Message.Partition, document.Message.Epoch, document.Message.Offset))
                context.Telemetry.Fenced();
        }
    }

    private void Acknowledge(Delivery attempt, long started)
    {
        var now = context.Time.GetTimestamp();
        long bytes = 0;
        foreach (var document in _batch)
        {
            bytes += document.Message.SizeInBytes;
            document.Lane.Leave();
            context.Telemetry.Acknowledged(context.Time.GetElapsedTime(document.ReadAt, now));
            if (document.Ending == Ending.Index && document.Document is { } indexed)
                context.Progress.AddDocument(indexed);
            if (document.Span is not null)
                EndSpan(document, attempt);
        }

        foreach (var letter in attempt.Letters)
            context.Telemetry.DeadLettered(letter.Code);
        if (attempt.Superseded > 0)
            context.Telemetry.Superseded(attempt.Superseded);
        context.Progress.AddOutcomes(attempt.Counts);
        context.Telemetry.Ended(attempt.Counts);
        context.Telemetry.Written(context.Time.GetElapsedTime(started, now));
        context.Gate.Leave(_batch.Count, bytes);
        context.Progress.SetInFlight(context.Gate.Documents, context.Gate.Bytes);
    }

    private static void EndSpan(InFlightDocument document, Delivery attempt)
    {
        if (attempt.Refused?.Contains(document) == true)
            document.EndSpan("dead_lettered", ErrorCodes.SinkRejected);
        else
            document.EndSpan(
                document.Ending switch
                {
                    Ending.Index => "indexed",
                    Ending.Delete => "deleted",
                    Ending.DeadLetter => "dead_lettered",
                    _ => "filtered",
                },
                document.Failure?.Code);
    }

    /// <summary>One batch on its way out.</summary>
    private sealed class Delivery
    {
        public List<DocumentWrite> Writes { get; } = [];

        /// <summary>Letters of stages before the sink, then those of refused writes.</summary>
        public List<DeadLetter> Letters { get; } = [];

        public required IReadOnlyList<LabelRequest> Requests { get; init; }

        public int OwnLetters { get; set; }

        public int Superseded { get; set; }

        /// <summary>Documents that the sink refused; null while there are none.</summary>
        public HashSet<InFlightDocument>? Refused { get; set; }

        public OutcomeCounts Counts { get; set; }
    }
}
