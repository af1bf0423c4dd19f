using Streaming.Contracts;
using Streaming.Core.Messaging;
using Streaming.Core.Sinks;
using static Streaming.Testing.Fakes.Make;

namespace Streaming.Testing.Conformance;

/// <summary>What every <see cref="ITransactionalSink"/> stores together or not at all.</summary>
public abstract class TransactionalSinkConformance
{
    /// <summary>A sink on an empty store with a topic of two partitions; one a test.</summary>
    protected abstract Task<ITransactionalSink> OpenAsync();

    /// <summary>A partition of the topic.</summary>
    protected abstract TopicPartition Partition(int number);

    /// <summary>The document as the store has it, or null.</summary>
    protected abstract Task<EnrichedDocument?> FindAsync(string id);

    /// <summary>Everything given up.</summary>
    protected abstract Task<IReadOnlyList<DeadLetter>> DeadLettersAsync();

    /// <summary>The committed offset of a partition; 0 before the first commit.</summary>
    protected abstract Task<long> CommittedAsync(int partition);

    /// <summary>Totals by terminal state.</summary>
    protected abstract Task<OutcomeCounts> OutcomesAsync();

    [Fact]
    public async Task WriteAsync_Everything_BecomesVisibleTogether()
    {
        await using var sink = await OpenAsync();
        await sink.WriteAsync(
            [Put("a", 1), Put("b", 1)],
            results =>
            {
                Assert.Equal([SinkStatus.Applied, SinkStatus.Applied], results.Select(result => result.Status));
                return new TransactionTail([Letter(2)], [Commit(0, 3), Commit(1, 9)], new OutcomeCounts(2, 1, 3, 4));
            },
            CancellationToken.None);
        Assert.NotNull(await FindAsync("a"));
        Assert.Equal(2, Assert.Single(await DeadLettersAsync()).Offset);
        Assert.Equal((3L, 9L), (await CommittedAsync(0), await CommittedAsync(1)));
        Assert.Equal(new OutcomeCounts(2, 1, 3, 4), await OutcomesAsync());
    }

    [Fact]
    public async Task WriteAsync_TailThrows_StoresNothing()
    {
        await using var sink = await OpenAsync();
        await sink.WriteAsync([Put("a", 1)], _ => new TransactionTail([], [Commit(0, 1)], new OutcomeCounts(1, 0, 0, 0)), CancellationToken.None);
        await Assert.ThrowsAsync<TimeZoneNotFoundException>(async () => await sink.WriteAsync(
            [Put("a", 2, "changed"), Put("b", 1)], _ => throw new TimeZoneNotFoundException(), CancellationToken.None));
        Assert.Equal("text", (await FindAsync("a"))!.Text);
        Assert.Null(await FindAsync("b"));
        Assert.Equal(1, await CommittedAsync(0));
        Assert.Equal(1, (await OutcomesAsync()).Total);

        // And the store is still of use.
        await sink.WriteAsync([Put("b", 1)], _ => new TransactionTail([], [Commit(0, 2)], new OutcomeCounts(1, 0, 0, 0)), CancellationToken.None);
        Assert.NotNull(await FindAsync("b"));
        Assert.Equal(2, await CommittedAsync(0));
    }

    [Fact]
    public async Task WriteAsync_NoDocuments_StillCommits()
    {
        await using var sink = await OpenAsync();
        var asked = 0;
        await sink.WriteAsync(
            [],
            results =>
            {
                asked++;
                Assert.Empty(results);
                return new TransactionTail([Letter(0)], [Commit(0, 1)], new OutcomeCounts(0, 1, 0, 0));
            },
            CancellationToken.None);
        Assert.Equal(1, asked);
        Assert.Equal(1, await CommittedAsync(0));
        Assert.Single(await DeadLettersAsync());
    }

    [Fact]
    public async Task WriteAsync_Replay_IsSupersededAndCountsAddUp()
    {
        await using var sink = await OpenAsync();
        IReadOnlyList<SinkStatus> statuses = [];
        for (var run = 0; run < 2; run++)
        {
            await sink.WriteAsync(
                [Put("a", 5), Put("a", 6, "newer"), Put("gone", 1), new DocumentWrite { Id = "gone", Version = 2 }],
                results =>
                {
                    statuses = [.. results.Select(result => result.Status)];
                    return new TransactionTail([], [Commit(0, 4)], new OutcomeCounts(3, 0, 0, 1));
                },
                CancellationToken.None);
        }

        Assert.All(statuses, status => Assert.Equal(SinkStatus.Superseded, status));
        Assert.Equal("newer", (await FindAsync("a"))!.Text);
        Assert.Null(await FindAsync("gone"));
        Assert.Equal(new OutcomeCounts(6, 0, 0, 2), await OutcomesAsync());
    }

    [Fact]
    public async Task WriteAsync_Cancelled_StoresNothing()
    {
        await using var sink = await OpenAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await sink.WriteAsync(
            [Put("a", 1)], _ => new TransactionTail([], [Commit(0, 1)], default), new CancellationToken(true)));
        Assert.Null(await FindAsync("a"));
        Assert.Equal(0, await CommittedAsync(0));
    }

    private PartitionCommit Commit(int partition, long next) => new(Partition(partition), next);

    private DeadLetter Letter(long offset) => new()
    {
        Topic = Partition(0).Topic,
        Partition = 0,
        Offset = offset,
        Timestamp = Noon,
        Value = [1],
        Stage = "decode",
        Code = ErrorCodes.MalformedJson,
        Reason = "the value is not JSON",
        Attempts = 1,
        FailedAt = Noon,
        Topology = "test",
    };

    private static DocumentWrite Put(string id, long version, string text = "text") => new() { Id = id, Version = version, Document = Document(id, text) };
}
