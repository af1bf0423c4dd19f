using Streaming.Adapters.Sqlite.DeadLetters;
using Streaming.Adapters.Sqlite.Log;
using Streaming.Core.Messaging;
using Streaming.Core.Sinks;
using Streaming.Testing.Faults;

namespace Streaming.Adapters.Sqlite.Tests.Faults;

public sealed class CrashTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    [FaultRow(22)]
    public async Task Kill_WhileAppendingAndIndexing_LosesAndDoublesNothing()
    {
        using var report = FaultReport.Begin(22);
        using var folder = new StoreFolder();
        var random = new Random(22);
        var rounds = FaultCounts.Of(100, 5);
        var acknowledged = new int[rounds];
        for (var round = 0; round < rounds; round++)
        {
            using var appending = new Child("append", folder.File, FaultCounts.Text(round), "5000", "7");
            using var piping = new Child("pipeline", folder.File);
            for (var steps = random.Next(1, 60); steps > 0; steps--)
                acknowledged[round] = await appending.NextAsync() ?? acknowledged[round];
            if (round % 2 == 0)
                await piping.NextAsync();
            appending.Kill();
            piping.Kill();
            acknowledged[round] = await appending.EndAsync() ?? acknowledged[round];
            await piping.EndAsync();
        }

        await using var store = await folder.OpenAsync();
        await ChildProgram.PipeAsync(store, stopAtEnd: true);
        var status = (await store.GetStatusAsync(None)).Single();
        Assert.Equal(0, status.Backlog);
        Assert.True(status.Ingested >= acknowledged.Sum());
        Assert.Equal(status.Ingested, status.Outcomes.Total);
        Assert.Equal(status.Outcomes.Indexed, (await store.Search.SearchAsync(new(), None)).Total);
        Assert.Equal(status.Outcomes.Indexed, (await store.Search.SearchAsync(new() { Query = "message number" }, None)).Total);
        Assert.Equal(status.Outcomes.DeadLettered, (await store.ListDeadLettersAsync(new DeadLetterQuery { Size = 10_000 }, None)).Count);
        var keys = new HashSet<string>();
        await foreach (var message in ReadAllAsync(store))
            Assert.True(keys.Add(System.Text.Encoding.UTF8.GetString(message.Key!.Value.Span)));
        for (var round = 0; round < rounds; round++)
            Assert.All(Enumerable.Range(0, acknowledged[round]), i => Assert.Contains($"{round}-{i}", keys));
        report.Seen($"{2 * rounds} kills of processes that append and index, {acknowledged.Sum():#,0} acknowledged rows, 0 lost, 0 duplicate");
    }

    [Fact]
    [FaultRow(22)]
    public async Task TwoProcesses_AppendWhileAPipelineRuns_NobodyIsRefused()
    {
        using var report = FaultReport.Begin(22);
        var each = FaultCounts.Of(50_000, 3_000);
        using var folder = new StoreFolder();
        await using var store = await folder.OpenAsync(new() { PollInterval = TimeSpan.FromMilliseconds(5) });
        using var a = new Child("append", folder.File, "a", FaultCounts.Text(each), "5");
        using var b = new Child("append", folder.File, "b", FaultCounts.Text(each), "5");
        var sink = store.CreateSink("t");
        await using var source = store.CreateSource(new EmbeddedSourceOptions { Group = "t", Topics = [ChildProgram.Topic] });
        await source.StartAsync(new Assignments(), None);
        var seen = 0;
        while (seen < 2 * each)
        {
            var messages = await source.ReadAsync(50, long.MaxValue, None);
            await sink.WriteAsync([], _ => new TransactionTail([], [new PartitionCommit(messages[0].Partition, messages[^1].Offset + 1)], new OutcomeCounts(0, 0, messages.Count, 0)), None);
            seen += messages.Count;
        }
        Assert.Equal((each, each), (await a.EndAsync(), await b.EndAsync()));
        Assert.Equal((0, 0, "", ""), (a.ExitCode, b.ExitCode, await a.Errors, await b.Errors));
        Assert.Equal(2 * each, (await store.GetStatusAsync(None)).Single().Outcomes.Filtered);
        report.Seen($"two processes append {2 * each:#,0} messages while a third reads and commits, 0 refused as busy");
    }

    [Fact]
    [FaultRow(22)]
    public async Task PowerCut_AtAnyByteOfTheLogAhead_KeepsWhatWasAcknowledged()
    {
        using var report = FaultReport.Begin(22);
        var cuts = FaultCounts.Of(1_000, 60);
        using var folder = new StoreFolder();
        using var copies = new StoreFolder();
        var random = new Random(23);
        byte[] database, log;
        var sizes = new List<long>();
        await using (var store = await folder.OpenAsync(new() { CheckpointBytes = 32 << 20 }))
        {
            var producer = store.CreateProducer();
            for (var i = 0; i < 60; i++)
            {
                await producer.ProduceAsync("t", [.. Enumerable.Range(0, random.Next(1, 20)).Select(_ => Samples.Message(new string('x', random.Next(500))))], None);
                sizes.Add(new FileInfo(folder.File + "-wal").Length);
            }
            database = await ReadSharedAsync(folder.File);
            log = await ReadSharedAsync(folder.File + "-wal");
        }
        for (var cut = cuts; cut > 0; cut--)
        {
            var kept = random.Next(log.Length + 1);
            var torn = log[..kept];
            if (cut % 2 == 0)
            {
                // Blocks that were allocated but never written hold anything.
                torn = new byte[Math.Min(log.Length, kept + random.Next(9_000))];
                random.NextBytes(torn);
                log.AsSpan(0, kept).CopyTo(torn);
            }
            await WriteCopyAsync(copies, database, torn);
            await using var store = await copies.OpenAsync();
            var whole = sizes.Count(size => size <= kept);
            Assert.InRange(await CountTransactionsAsync(store), whole, sizes.Count);
        }

        report.Seen($"power cut at {cuts:#,0} points of the log ahead, every acknowledged transaction whole");

        async Task<int> CountTransactionsAsync(EmbeddedStore store)
        {
            var messages = 0;
            await foreach (var _ in ReadAllAsync(store))
                messages++;
            // A transaction is there whole or not at all.
            random = new Random(23);
            var transactions = 0;
            for (var sum = 0; sum < messages; transactions++)
            {
                var count = random.Next(1, 20);
                for (var i = 0; i < count; i++)
                    random.Next(500);
                sum += count;
                Assert.True(sum <= messages);
            }
            random = new Random(messages);
            return transactions;
        }
    }

    [Fact]
    [FaultRow(22)]
    public async Task PowerCut_WithinACheckpoint_KeepsEverything()
    {
        using var report = FaultReport.Begin(22);
        var cuts = FaultCounts.Of(300, 30);
        using var folder = new StoreFolder();
        using var copies = new StoreFolder();
        var random = new Random(24);
        byte[] before, log, after;
        await using (var store = await folder.OpenAsync(new() { CheckpointBytes = 32 << 20 }))
        {
            await store.CreateProducer().ProduceAsync("t", [.. Enumerable.Range(0, 500).Select(i => Samples.Message(new string('x', i)))], None);
            before = await ReadSharedAsync(folder.File);
            log = await ReadSharedAsync(folder.File + "-wal");
        }
        after = await File.ReadAllBytesAsync(folder.File);
        Assert.True(after.Length > before.Length);
        for (var cut = cuts; cut > 0; cut--)
        {
            // Some pages are new, some old, one is half and half; the file may be short.
            var mixed = new byte[4096 * random.Next(before.Length / 4096, after.Length / 4096 + 1)];
            for (var page = 0; page < mixed.Length; page += 4096)
            {
                var length = random.Next(3) switch { 0 => 0, 1 => 4096, _ => 512 * random.Next(8) };
                if (page + 4096 <= before.Length)
                    before.AsSpan(page, 4096).CopyTo(mixed.AsSpan(page));
                after.AsSpan(page, length).CopyTo(mixed.AsSpan(page));
            }
            // The first page was whole before and is whole after; a cut within it leaves either.
            (random.Next(2) == 0 ? before : after).AsSpan(0, 4096).CopyTo(mixed);
            await WriteCopyAsync(copies, mixed, log);
            await using var store = await copies.OpenAsync();
            var lengths = new List<int>();
            await foreach (var message in ReadAllAsync(store))
                lengths.Add(message.Value!.Value.Length);
            Assert.Equal(Enumerable.Range(0, 500), lengths);
        }

        report.Seen($"{cuts} power cuts within a checkpoint, everything is there");
    }

    internal static async IAsyncEnumerable<SourceMessage> ReadAllAsync(EmbeddedStore store, string? topic = null)
    {
        foreach (var name in topic is null ? ["t", ChildProgram.Topic] : new[] { topic })
        {
            await using var source = store.CreateSource(new EmbeddedSourceOptions { Group = Guid.NewGuid().ToString(), Topics = [name], StopAtEnd = true });
            await source.StartAsync(new Assignments(), None);
            while (await source.ReadAsync(1_000, long.MaxValue, None) is { Count: > 0 } messages)
            {
                foreach (var message in messages)
                    yield return message;
            }
        }
    }

    private static async Task<byte[]> ReadSharedAsync(string path)
    {
        await using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var bytes = new byte[file.Length];
        await file.ReadExactlyAsync(bytes);
        return bytes;
    }

    private static async Task WriteCopyAsync(StoreFolder copies, byte[] database, byte[] log)
    {
        File.Delete(copies.File + "-shm");
        await File.WriteAllBytesAsync(copies.File, database);
        await File.WriteAllBytesAsync(copies.File + "-wal", log);
    }
}
