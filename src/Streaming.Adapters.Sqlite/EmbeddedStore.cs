using Streaming.Adapters.Sqlite.DeadLetters;
using Streaming.Adapters.Sqlite.Documents;
using Streaming.Adapters.Sqlite.Log;
using Streaming.Adapters.Sqlite.Native;
using Streaming.Adapters.Sqlite.Samples;
using Streaming.Adapters.Sqlite.Search;
using Streaming.Adapters.Sqlite.Status;
using Streaming.Core;
using Streaming.Core.Labelling;
using Streaming.Core.Messaging;
using Streaming.Core.Search;
using Streaming.Core.Sinks;

namespace Streaming.Adapters.Sqlite;

/// <summary>
/// Everything in one file: a log of messages, documents with a full-text index, dead letters, totals and committed offsets.
/// Several processes may have it open; each has one writer, and they take turns. What was acknowledged survives a crash and a power cut.
/// </summary>
/// <remarks>
/// Beside the file lie its log ahead (<c>-wal</c>, <c>-shm</c>) and small lock files (<c>-turn</c>, <c>-group-…</c>).
/// Every page carries a checksum, so other programs may read the file but must not write it.
/// Parts made from a store are valid until it is disposed. Any operation may throw <see cref="DependencyUnavailableException"/>
/// (<c>store_busy</c>, <c>store_disk_full</c>, <c>store_io_error</c>, <c>store_reader_blocks</c>, …), which may pass, and
/// <see cref="StreamingException"/> with <c>store_damaged</c>, which does not.
/// </remarks>
public sealed class EmbeddedStore : IAsyncDisposable
{
    /// <summary>Name of the file in a data folder.</summary>
    public const string FileName = "streaming.db";

    /// <summary>Version of the SQLite library in use.</summary>
    public static string SqliteVersion => SqliteDatabase.LibraryVersion;

    private readonly WriteTurn _turn;
    private readonly ReaderPool _readers;
    private readonly EmbeddedSampleStore _samples;

    private EmbeddedStore(string path, EmbeddedStoreOptions options, TimeProvider time, WriteTurn turn, SqliteDatabase database)
    {
        Path = path;
        Options = options;
        Time = time;
        _turn = turn;
        Appended = new Signal();
        Writer = new StoreWriter(database, turn, options, time, Appended.Raise);
        _readers = new ReaderPool(OpenReader);
        Search = new EmbeddedSearchIndex(this);
        _samples = new EmbeddedSampleStore(this);
    }

    /// <summary>Full path of the file.</summary>
    public string Path { get; }

    /// <summary>Finds documents. Counts and facets are exact unless the answer says that it is incomplete.</summary>
    public ISearchIndex Search { get; }

    /// <summary>Requests for labels and labelled samples.</summary>
    public ISampleStore Samples => _samples;

    /// <summary>What labelling has cost.</summary>
    public ISpendLedger Spending => _samples;

    /// <summary>Replies of language models, at most 100,000.</summary>
    public IReplyCache Replies => _samples;

    internal EmbeddedStoreOptions Options { get; }

    internal TimeProvider Time { get; }

    internal StoreWriter Writer { get; }

    internal Signal Appended { get; }

    /// <summary>Opens a store; makes the file, and the folder it lies in, when they are not there.</summary>
    /// <param name="path">The file, usually <see cref="FileName"/> in the data folder.</param>
    /// <param name="options">Sizes and times; null for the defaults.</param>
    /// <param name="time">Clock and timers.</param>
    /// <param name="cancellationToken">Observed before the file is opened.</param>
    /// <exception cref="StreamingException">
    /// <c>store_foreign_file</c>, <c>store_newer_version</c>, <c>store_damaged</c>, <c>store_path_is_directory</c>,
    /// <c>store_unavailable</c>, <c>store_read_only</c>, <c>store_disk_full</c>, <c>invalid_store_options</c>.
    /// </exception>
    public static async Task<EmbeddedStore> OpenAsync(string path, EmbeddedStoreOptions? options, TimeProvider time, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(time);
        options ??= new EmbeddedStoreOptions();
        options.Validate();
        var full = System.IO.Path.GetFullPath(path);
        return await Task.Run(() => Open(full, options, time), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Appends to topics, which are made at their first message. On return the disk has it.</summary>
    public IMessageProducer CreateProducer() => new EmbeddedProducer(Writer, Options, Time);

    /// <summary>Reads topics for a consumer group. One process at a time may read for a group (<c>group_in_use</c>).</summary>
    public IMessageSource CreateSource(EmbeddedSourceOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new EmbeddedSource(this, options);
    }

    /// <summary>Keeps what a topology makes; its commits move the offsets of a group.</summary>
    /// <param name="topology">Whose totals the outcomes are added to.</param>
    /// <param name="group">Consumer group of its source; null when it is called like the topology.</param>
    /// <param name="labelTopic">Topic that gets requests for labels, besides <see cref="Samples"/>; null: none.</param>
    public ITransactionalSink CreateSink(string topology, string? group = null, string? labelTopic = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(topology);
        if (labelTopic is not null)
            PartitionTable.CheckName(labelTopic);
        return new EmbeddedSink(this, topology, group ?? topology, labelTopic);
    }

    /// <summary>Makes a topic with a number of partitions (1–1,024), or checks that it has so many (<c>topic_partitions_differ</c>).</summary>
    public async ValueTask EnsureTopicAsync(string topic, int partitions, CancellationToken cancellationToken)
    {
        PartitionTable.CheckName(topic);
        cancellationToken.ThrowIfCancellationRequested();
        await Writer.RunAsync(session => session.Partitions.Ensure(topic, partitions)).ConfigureAwait(false);
    }

    /// <summary>Makes a topology known to <see cref="GetStatusAsync"/> before its first document, or tells which model it has now.</summary>
    public async ValueTask RegisterTopologyAsync(
        string topology, string? group, IReadOnlyList<string> topics, string? model, string? modelVersion, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(topology);
        foreach (var topic in topics)
            PartitionTable.CheckName(topic);
        cancellationToken.ThrowIfCancellationRequested();
        var now = LogTable.Ticks(Time.GetUtcNow());
        await Writer.RunAsync(session => TopologyTable.Register(session, topology, group ?? topology, topics, model, modelVersion, now)).ConfigureAwait(false);
    }

    /// <summary>Totals of every topology, by name; also while other processes run them.</summary>
    public async ValueTask<IReadOnlyList<TopologyStatus>> GetStatusAsync(CancellationToken cancellationToken) =>
        await ReadAsync(database => TopologyTable.Read(database, Time.GetUtcNow()), cancellationToken).ConfigureAwait(false);

    /// <summary>Dead letters in the order in which they were stored.</summary>
    public async ValueTask<IReadOnlyList<StoredDeadLetter>> ListDeadLettersAsync(DeadLetterQuery query, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(query);
        return await ReadAsync(database => DeadLetterTable.List(database, query), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>One dead letter, or null.</summary>
    public async ValueTask<StoredDeadLetter?> GetDeadLetterAsync(long id, CancellationToken cancellationToken) =>
        await ReadAsync(database => DeadLetterTable.Find(database, id), cancellationToken).ConfigureAwait(false);

    /// <summary>
    /// Appends the original messages of dead letters to their topics again, each at most once, with the header
    /// <see cref="Contracts.MessageHeader.Attempts"/>; all in one transaction.
    /// </summary>
    /// <returns>One result for each id, in its order.</returns>
    public async ValueTask<IReadOnlyList<RedriveResult>> RedriveAsync(IReadOnlyList<long> ids, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(ids);
        cancellationToken.ThrowIfCancellationRequested();
        return await Writer.RunAsync<IReadOnlyList<RedriveResult>>(
            session => [.. ids.Select(id => session.DeadLetters.Redrive(session, id))]).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _readers.CloseAsync().ConfigureAwait(false);
        // The writer finishes what was handed to it, on its own thread.
        await Task.Run(Writer.Dispose).ConfigureAwait(false);
        _turn.Dispose();
    }

    internal Task<T> ReadAsync<T>(Func<SqliteDatabase, T> read, CancellationToken cancellationToken) => _readers.RunAsync(read, cancellationToken);

    internal SqliteDatabase OpenReader() => SqliteDatabase.Open(Path, create: false, Options.CacheBytes / (2 * (ReaderPool.Size + 1)), Options.BusyTimeout);

    private static EmbeddedStore Open(string path, EmbeddedStoreOptions options, TimeProvider time)
    {
        if (Directory.Exists(path))
        {
            throw new StreamingException("store_path_is_directory",
                $"'{path}' is a folder where the store's file belongs. Move it away, or choose another data folder (--data, STREAMING_DATA).", ExitCode.DependencyUnavailable);
        }
        WriteTurn? turn = null;
        SqliteDatabase? database = null;
        try
        {
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
            if (File.Exists(path))
                StoreSchema.CheckHeader(path);
            turn = new WriteTurn(path);
            if (turn.Refusal is { } refusal && !IsDiskFull(refusal))
            {
                throw new DependencyUnavailableException("store_read_only",
                    $"The folder of the store '{path}' cannot be written: {refusal.Message} Make it writable or choose another (--data, STREAMING_DATA).", refusal);
            }
            database = SqliteDatabase.Open(path, create: true, options.CacheBytes / 2, options.BusyTimeout);
            StoreSchema.Ensure(database, turn, time);
            return new EmbeddedStore(path, options, time, turn, database);
        }
        catch (Exception e)
        {
            database?.Dispose();
            turn?.Dispose();
            if (e is IOException or UnauthorizedAccessException)
            {
                throw new DependencyUnavailableException("store_unavailable",
                    $"The store '{path}' cannot be opened: {e.Message} Check the data folder and its rights (--data, STREAMING_DATA).", e);
            }
            throw;
        }
    }

    // ENOSPC and EDQUOT; ERROR_DISK_FULL.
    private static bool IsDiskFull(Exception e) => e.HResult is 28 or 122 or unchecked((int)0x80070070);
}
