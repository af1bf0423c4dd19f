using Streaming.Adapters.Sqlite.Native;
using Streaming.Core;
using Streaming.Core.Messaging;

namespace Streaming.Adapters.Sqlite.Log;

/// <summary>Reads topics of the store's log for one consumer group.</summary>
internal sealed class EmbeddedSource : IMessageSource
{
    private readonly EmbeddedStore _store;
    private readonly EmbeddedSourceOptions _options;
    private readonly List<Cursor> _cursors = [];
    private readonly SemaphoreSlim _reading = new(1, 1);
    private SqliteDatabase? _database;
    private FileStream? _lease;
    private int _turn;

    internal EmbeddedSource(EmbeddedStore store, EmbeddedSourceOptions options)
    {
        if (options.Group.Length == 0)
            throw new StreamingException("invalid_group", "A consumer group needs a name.");
        if (options.Topics.Count == 0)
            throw new StreamingException("invalid_topic", "A source needs at least one topic.");
        foreach (var topic in options.Topics)
            PartitionTable.CheckName(topic);
        _store = store;
        _options = options;
    }

    public async ValueTask StartAsync(IAssignmentListener listener, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(listener);
        if (_database is not null)
            throw new InvalidOperationException("A source is started once; this is a bug.");
        cancellationToken.ThrowIfCancellationRequested();
        _lease = await GroupLease.TakeAsync(_store.Path, _options.Group, cancellationToken).ConfigureAwait(false);
        _database = _store.OpenReader();
        var topics = _options.Topics.Distinct(StringComparer.Ordinal).ToArray();
        var cursors = await _store.Writer.RunAsync(session => Position(session, topics)).ConfigureAwait(false);
        _cursors.AddRange(cursors);
        listener.OnAssigned([.. _cursors.Select(static cursor => new PartitionCommit(cursor.Partition, cursor.Next))], Epoch);
    }

    public async ValueTask<IReadOnlyList<SourceMessage>> ReadAsync(int maxMessages, long maxBytes, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxMessages, 1);
        var database = _database ?? throw new InvalidOperationException("A source is started before it is read; this is a bug.");
        var messages = new List<SourceMessage>();
        long seen = -1;
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var appended = _store.Appended.Next;
            await _reading.WaitAsync(cancellationToken).ConfigureAwait(false);
            try
            {
                // Changes whenever another connection, of this process or another, has committed; costs no disk access.
                var version = database.Scalar("PRAGMA data_version");
                if (version != seen)
                {
                    Fetch(database, maxMessages, Math.Max(1, maxBytes), messages);
                    seen = version;
                }
            }
            catch (DependencyUnavailableException)
            {
                // Waited for, as for a message: it is looked again at the next turn.
            }
            finally
            {
                _reading.Release();
            }
            if (messages.Count > 0 || _options.StopAtEnd && _cursors.TrueForAll(static cursor => cursor.Next >= cursor.End))
                return messages;
            await Task.WhenAny(appended, Task.Delay(_store.Options.PollInterval, _store.Time, cancellationToken)).ConfigureAwait(false);
        }
    }

    public async ValueTask CommitAsync(IReadOnlyList<PartitionCommit> commits, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (commits.Count == 0)
            return;
        await _store.Writer.RunAsync(session =>
        {
            session.Commit(_options.Group, commits);
            return true;
        }).ConfigureAwait(false);
    }

    public async ValueTask<SourceLag> GetLagAsync(CancellationToken cancellationToken) =>
        await _store.ReadAsync(database => Lag(database, _options.Group, _store.Time.GetUtcNow()), cancellationToken).ConfigureAwait(false);

    public async ValueTask DisposeAsync()
    {
        await _reading.WaitAsync().ConfigureAwait(false);
        try
        {
            _database?.Dispose();
            _database = null;
            if (_lease is not null)
                await _lease.DisposeAsync().ConfigureAwait(false);
            _lease = null;
        }
        finally
        {
            _reading.Release();
        }
    }

    /// <summary>One store, one owner at a time: an assignment never changes while a source lives.</summary>
    private const int Epoch = 1;

    internal static SourceLag Lag(SqliteDatabase database, string group, DateTimeOffset now)
    {
        long messages = 0;
        long? oldest = null;
        var behind = new List<(long Id, long From)>();
        var select = database.Prepare("""
            SELECT p.id, o.next_offset, p.next_offset FROM consumer_offsets o JOIN partitions p ON p.id=o.partition_id WHERE o.consumer_group=?1
            """).BindText(1, group);
        while (select.Step())
        {
            var waiting = Math.Max(0, select.Int64(2) - select.Int64(1));
            messages += waiting;
            if (waiting > 0)
                behind.Add((select.Int64(0), select.Int64(1)));
        }
        foreach (var (id, from) in behind)
        {
            var first = database.Prepare("SELECT time FROM log WHERE id>=?1 AND id<=?2 ORDER BY id LIMIT 1")
                .Bind(1, LogTable.RowId(id, from)).Bind(2, LogTable.RowId(id, LogTable.MaxOffset));
            if (!first.Step())
                continue;
            oldest = Math.Min(oldest ?? long.MaxValue, first.Int64(0));
            first.Reset();
        }
        TimeSpan? age = oldest is { } ticks ? TimeSpan.FromTicks(Math.Max(0, LogTable.Ticks(now) - ticks)) : null;
        return new SourceLag(messages, age);
    }

    /// <summary>Where each partition goes on; also remembers that the group reads these topics, for its status.</summary>
    private List<Cursor> Position(StoreSession session, string[] topics)
    {
        var cursors = new List<Cursor>();
        foreach (var topic in topics)
        {
            var ids = session.Partitions.Ensure(topic);
            for (var i = 0; i < ids.Length; i++)
            {
                var database = session.Database;
                var bounds = database.Prepare("SELECT first_offset, next_offset FROM partitions WHERE id=?1").Bind(1, ids[i]);
                if (!bounds.Step())
                    throw SqliteErrors.Damaged(database.Path, "a partition is missing");
                long first = bounds.Int64(0), end = bounds.Int64(1);
                bounds.Reset();
                database.Prepare("INSERT OR IGNORE INTO consumer_offsets(consumer_group, partition_id, next_offset) VALUES(?1, ?2, ?3)")
                    .BindText(1, _options.Group).Bind(2, ids[i]).Bind(3, first).Run();
                var committed = database.Prepare("SELECT next_offset FROM consumer_offsets WHERE consumer_group=?1 AND partition_id=?2")
                    .BindText(1, _options.Group).Bind(2, ids[i]);
                committed.Step();
                var next = committed.Int64(0);
                committed.Reset();
                if (next < first || next > end)
                    throw SqliteErrors.Damaged(database.Path, $"the committed offset {next} of {topic}-{i} lies outside its log, {first} to {end}");
                cursors.Add(new Cursor(new TopicPartition(topic, i), ids[i], next, end));
            }
        }
        return cursors;
    }

    private void Fetch(SqliteDatabase database, int maxMessages, long maxBytes, List<SourceMessage> messages)
    {
        var bytesLeft = maxBytes;
        // Each read starts at another partition, so that none waits for ever behind a full one.
        for (var i = 0; i < _cursors.Count && messages.Count < maxMessages && bytesLeft > 0; i++)
        {
            var cursor = _cursors[(_turn + i) % _cursors.Count];
            var limit = maxMessages - messages.Count;
            if (_options.StopAtEnd)
                limit = (int)Math.Min(limit, cursor.End - cursor.Next);
            if (limit <= 0)
                continue;
            var before = messages.Count;
            try
            {
                cursor.Next = LogTable.Read(database, cursor.Partition, cursor.Id, cursor.Next, Epoch, limit, ref bytesLeft, messages);
            }
            catch
            {
                // Not delivered, so not to be in the answer either: they are read again.
                messages.RemoveRange(before, messages.Count - before);
                throw;
            }
        }
        _turn = (_turn + 1) % _cursors.Count;
    }

    private sealed class Cursor(TopicPartition partition, long id, long next, long end)
    {
        internal TopicPartition Partition { get; } = partition;

        internal long Id { get; } = id;

        internal long Next { get; set; } = next;

        /// <summary>Where the log ended when the source started.</summary>
        internal long End { get; } = end;
    }
}
