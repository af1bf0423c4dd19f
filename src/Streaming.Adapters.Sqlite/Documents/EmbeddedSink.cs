using Streaming.Adapters.Sqlite.DeadLetters;
using System.Text;
using Streaming.Adapters.Sqlite.Log;
using Streaming.Adapters.Sqlite.Samples;
using Streaming.Contracts;
using Streaming.Core.Sinks;

namespace Streaming.Adapters.Sqlite.Documents;

/// <summary>Documents, dead letters, totals and committed offsets of one topology, in one transaction.</summary>
internal sealed class EmbeddedSink(EmbeddedStore store, string topology, string group, string? labelTopic) : ITransactionalSink
{
    public async ValueTask<IReadOnlyList<SinkResult>> WriteAsync(IReadOnlyList<DocumentWrite> writes, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(writes);
        var prepared = Prepare(writes, out var bytes);
        cancellationToken.ThrowIfCancellationRequested();
        return await store.Writer.RunAsync<IReadOnlyList<SinkResult>>(session => Apply(session, prepared), bytes).ConfigureAwait(false);
    }

    public async ValueTask WriteAsync(IReadOnlyList<DeadLetter> letters, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(letters);
        cancellationToken.ThrowIfCancellationRequested();
        if (letters.Count == 0)
            return;
        var bodies = letters.Select(DeadLetterTable.Serialise).ToArray();
        await store.Writer.RunAsync(
            session =>
            {
                for (var i = 0; i < bodies.Length; i++)
                    session.DeadLetters.Add(letters[i], bodies[i]);
                return true;
            },
            bodies.Sum(static body => (long)body.Length)).ConfigureAwait(false);
    }

    public async ValueTask WriteAsync(
        IReadOnlyList<DocumentWrite> writes, Func<IReadOnlyList<SinkResult>, TransactionTail> complete, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(writes);
        ArgumentNullException.ThrowIfNull(complete);
        var prepared = Prepare(writes, out var bytes);
        cancellationToken.ThrowIfCancellationRequested();
        var now = LogTable.Ticks(store.Time.GetUtcNow());
        await store.Writer.RunAsync(
            session =>
            {
                var tail = complete(Apply(session, prepared));
                foreach (var letter in tail.DeadLetters)
                    session.DeadLetters.Add(letter, DeadLetterTable.Serialise(letter));
                foreach (var request in tail.Requests)
                    Add(session, request, now);
                session.Commit(group, tail.Commits);
                AddTotals(session, tail.Outcomes, prepared, now);
                return true;
            },
            bytes,
            runsOnce: true).ConfigureAwait(false);
    }

    /// <summary>The store owns the connection; there is nothing to give back.</summary>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static PreparedWrite[] Prepare(IReadOnlyList<DocumentWrite> writes, out long bytes)
    {
        var prepared = new PreparedWrite[writes.Count];
        bytes = 0;
        for (var i = 0; i < prepared.Length; i++)
        {
            prepared[i] = PreparedWrite.From(writes[i]);
            bytes += prepared[i].Bytes;
        }
        return prepared;
    }

    private static SinkResult[] Apply(StoreSession session, PreparedWrite[] prepared)
    {
        var results = new SinkResult[prepared.Length];
        for (var i = 0; i < prepared.Length; i++)
            results[i] = session.Documents.Apply(prepared[i]);
        return results;
    }

    private void Add(StoreSession session, LabelRequest request, long now)
    {
        var body = RequestTable.Serialise(request);
        if (!RequestTable.Add(session.Database, request, body) || labelTopic is null)
            return;
        var partition = session.Partitions.Ensure(labelTopic)[0];
        LogTable.Append(session.Database, partition, session.Partitions.TakeOffset(partition), Encoding.UTF8.GetBytes(request.Id), body, null, now);
    }

    private void AddTotals(StoreSession session, OutcomeCounts outcomes, PreparedWrite[] prepared, long now)
    {
        var last = Array.FindLast(prepared, static write => write.Model is not null);
        session.Database.Prepare("""
            INSERT INTO topologies(name, consumer_group, model, model_version, indexed, dead_lettered, filtered, deleted, updated)
            VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
            ON CONFLICT DO UPDATE SET consumer_group=excluded.consumer_group,
              model=coalesce(excluded.model, model), model_version=coalesce(excluded.model_version, model_version),
              indexed=indexed+excluded.indexed, dead_lettered=dead_lettered+excluded.dead_lettered,
              filtered=filtered+excluded.filtered, deleted=deleted+excluded.deleted, updated=excluded.updated
            """)
            .BindText(1, topology).BindText(2, group).BindText(3, last?.Model).BindText(4, last?.ModelVersion)
            .Bind(5, outcomes.Indexed).Bind(6, outcomes.DeadLettered).Bind(7, outcomes.Filtered).Bind(8, outcomes.Deleted).Bind(9, now)
            .Run();
    }
}
