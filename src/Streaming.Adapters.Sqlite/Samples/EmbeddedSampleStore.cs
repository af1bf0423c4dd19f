using Streaming.Contracts;
using Streaming.Core.Labelling;

namespace Streaming.Adapters.Sqlite.Samples;

/// <summary>Requests, samples, spending and cached replies in the store's file.</summary>
internal sealed class EmbeddedSampleStore(EmbeddedStore store) : ISampleStore, ISpendLedger, IReplyCache
{
    private const int MaxReplies = 100_000;

    public async ValueTask<int> AddRequestsAsync(IReadOnlyList<LabelRequest> requests, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(requests);
        cancellationToken.ThrowIfCancellationRequested();
        if (requests.Count == 0)
            return 0;
        var bodies = requests.Select(RequestTable.Serialise).ToArray();
        return await store.Writer.RunAsync(
            session => Count(bodies.Length, i => RequestTable.Add(session.Database, requests[i], bodies[i])), bodies.Sum(static body => (long)body.Length)).ConfigureAwait(false);
    }

    public async ValueTask<int> AddSamplesAsync(IReadOnlyList<LabelledSample> samples, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(samples);
        cancellationToken.ThrowIfCancellationRequested();
        if (samples.Count == 0)
            return 0;
        var bodies = samples.Select(SampleTable.Serialise).ToArray();
        return await store.Writer.RunAsync(
            session => Count(bodies.Length, i => SampleTable.Add(session.Database, samples[i], bodies[i])), bodies.Sum(static body => (long)body.Length)).ConfigureAwait(false);
    }

    public async ValueTask<int> RemoveSamplesAsync(IReadOnlyList<string> ids, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(ids);
        cancellationToken.ThrowIfCancellationRequested();
        return await store.Writer.RunAsync(session => Count(ids.Count, i => SampleTable.Remove(session.Database, ids[i]))).ConfigureAwait(false);
    }

    public async ValueTask<LabelRequest?> FindRequestAsync(string id, CancellationToken cancellationToken) =>
        await store.ReadAsync(database => RequestTable.Find(database, id), cancellationToken).ConfigureAwait(false);

    public async ValueTask<IReadOnlyList<StoredRequest>> ListRequestsAsync(RequestQuery query, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(query);
        return await store.ReadAsync(database => RequestTable.List(database, query), cancellationToken).ConfigureAwait(false);
    }

    public async ValueTask<IReadOnlyList<StoredSample>> ListSamplesAsync(SampleQuery query, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(query);
        return await store.ReadAsync(database => SampleTable.List(database, query), cancellationToken).ConfigureAwait(false);
    }

    public async ValueTask<SampleStatistics> GetStatisticsAsync(string? topology, long afterSequence, CancellationToken cancellationToken) =>
        await store.ReadAsync(database => SampleTable.Statistics(database, topology, afterSequence), cancellationToken).ConfigureAwait(false);

    public async ValueTask<SpendDecision> ReserveAsync(string documentId, double amount, SpendCaps caps, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(documentId);
        if (!(amount > 0) || !double.IsFinite(amount))
            throw new ArgumentOutOfRangeException(nameof(amount), amount, "A reservation needs an amount above 0.");
        cancellationToken.ThrowIfCancellationRequested();
        return await store.Writer.RunAsync(session => SpendTable.Reserve(session.Database, documentId, Today(), Money.ToUnits(amount), caps)).ConfigureAwait(false);
    }

    public async ValueTask SettleAsync(SpendReservation reservation, double cost, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        await store.Writer.RunAsync(session => SpendTable.Settle(session.Database, reservation, Money.ToUnits(cost))).ConfigureAwait(false);
    }

    public async ValueTask<double> SpentTodayAsync(CancellationToken cancellationToken) =>
        await store.ReadAsync(database => Money.FromUnits(SpendTable.SpentOn(database, Today())), cancellationToken).ConfigureAwait(false);

    public async ValueTask<string?> FindAsync(string key, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        return await store.ReadAsync(
            database =>
            {
                var select = database.Prepare("SELECT reply FROM label_replies WHERE key=?1").BindText(1, key);
                var reply = select.Step() ? select.Text(0) : null;
                select.Reset();
                return reply;
            },
            cancellationToken).ConfigureAwait(false);
    }

    public async ValueTask KeepAsync(string key, string reply, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        cancellationToken.ThrowIfCancellationRequested();
        await store.Writer.RunAsync(
            session =>
            {
                session.Database.Prepare("INSERT OR REPLACE INTO label_replies(key, reply) VALUES(?1, ?2)").BindText(1, key).BindText(2, reply).Run();
                session.Database.Prepare("DELETE FROM label_replies WHERE id<=(SELECT max(id) FROM label_replies)-?1").Bind(1, MaxReplies).Run();
                return true;
            },
            reply.Length).ConfigureAwait(false);
    }

    private long Today() => store.Time.GetUtcNow().UtcTicks / TimeSpan.TicksPerDay;

    private static int Count(int items, Func<int, bool> add)
    {
        var count = 0;
        for (var i = 0; i < items; i++)
            count += add(i) ? 1 : 0;
        return count;
    }
}
