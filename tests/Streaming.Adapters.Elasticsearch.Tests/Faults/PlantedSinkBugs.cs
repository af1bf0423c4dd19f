using Streaming.Contracts;
using Streaming.Core.Sinks;

namespace Streaming.Adapters.Elasticsearch.Tests.Faults;

/// <summary>A sink before the real one; what it changes is a bug, or makes documents of a kind.</summary>
internal abstract class Before(IDocumentSink inner) : IDocumentSink
{
    protected IDocumentSink Inner => inner;

    public abstract ValueTask<IReadOnlyList<SinkResult>> WriteAsync(IReadOnlyList<DocumentWrite> writes, CancellationToken cancellationToken);

    public ValueTask DisposeAsync() => inner.DisposeAsync();
}

/// <summary>No bug: makes some documents such as no model makes.</summary>
internal sealed class Spoils(IDocumentSink inner, Func<string, bool> which, Func<EnrichedDocument, EnrichedDocument> spoil) : Before(inner)
{
    public override ValueTask<IReadOnlyList<SinkResult>> WriteAsync(IReadOnlyList<DocumentWrite> writes, CancellationToken cancellationToken) =>
        Inner.WriteAsync([.. writes.Select(write => write.Document is { } document && which(write.Id) ? new DocumentWrite { Id = write.Id, Version = write.Version, Document = spoil(document) } : write)], cancellationToken);
}

/// <summary>Bug: acknowledges before the server has.</summary>
internal sealed class AcknowledgesEarly(IDocumentSink inner) : Before(inner)
{
    public override ValueTask<IReadOnlyList<SinkResult>> WriteAsync(IReadOnlyList<DocumentWrite> writes, CancellationToken cancellationToken)
    {
        _ = Task.Run(() => Inner.WriteAsync([.. writes], CancellationToken.None).AsTask(), CancellationToken.None);
        return ValueTask.FromResult<IReadOnlyList<SinkResult>>(new SinkResult[writes.Count]);
    }
}

/// <summary>Bug: gives documents up while the server is away or blocked.</summary>
internal sealed class TakesOutageForPoison(IDocumentSink inner, Func<bool> isAway) : Before(inner)
{
    public override async ValueTask<IReadOnlyList<SinkResult>> WriteAsync(IReadOnlyList<DocumentWrite> writes, CancellationToken cancellationToken)
    {
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var writing = Inner.WriteAsync(writes, giveUp.Token).AsTask();
        while (!writing.IsCompleted && !isAway())
            await Task.Yield();
        if (isAway())
        {
            await giveUp.CancelAsync();
            await Task.WhenAny(writing);
            return [.. writes.Select(static _ => new SinkResult(SinkStatus.Rejected, "it is away"))];
        }

        return await writing;
    }
}

/// <summary>Bug: sends what was stored once more.</summary>
internal sealed class SendsEverythingTwice(IDocumentSink inner) : Before(inner)
{
    public override async ValueTask<IReadOnlyList<SinkResult>> WriteAsync(IReadOnlyList<DocumentWrite> writes, CancellationToken cancellationToken)
    {
        await Inner.WriteAsync(writes, cancellationToken);
        return await Inner.WriteAsync(writes, cancellationToken);
    }
}

/// <summary>Bug: one refused document takes its neighbours with it.</summary>
internal sealed class RefusesAllForOne(IDocumentSink inner) : Before(inner)
{
    public override async ValueTask<IReadOnlyList<SinkResult>> WriteAsync(IReadOnlyList<DocumentWrite> writes, CancellationToken cancellationToken)
    {
        var results = await Inner.WriteAsync(writes, cancellationToken);
        return results.Any(static result => result.Status == SinkStatus.Rejected) ? [.. results.Select(static _ => new SinkResult(SinkStatus.Rejected, "one of them"))] : results;
    }
}

/// <summary>Bug: takes the conflict with a newer or equal version for an error of the document.</summary>
internal sealed class TakesConflictForError(IDocumentSink inner) : Before(inner)
{
    public override async ValueTask<IReadOnlyList<SinkResult>> WriteAsync(IReadOnlyList<DocumentWrite> writes, CancellationToken cancellationToken)
    {
        var results = await Inner.WriteAsync(writes, cancellationToken);
        return [.. results.Select(static result => result.Status == SinkStatus.Superseded ? new SinkResult(SinkStatus.Rejected, "conflict") : result)];
    }
}

/// <summary>Bug: the version is that of the writing, not of the message.</summary>
internal sealed class ForgetsVersions(IDocumentSink inner) : Before(inner)
{
    private static long s_next = 1L << 50;

    public override ValueTask<IReadOnlyList<SinkResult>> WriteAsync(IReadOnlyList<DocumentWrite> writes, CancellationToken cancellationToken) =>
        Inner.WriteAsync([.. writes.Select(static write => new DocumentWrite { Id = write.Id, Version = Interlocked.Increment(ref s_next), Document = write.Document })], cancellationToken);
}
