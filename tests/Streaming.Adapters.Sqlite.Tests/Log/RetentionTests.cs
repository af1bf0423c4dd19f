using Streaming.Core.Messaging;
using static Streaming.Adapters.Sqlite.Tests.Samples;

namespace Streaming.Adapters.Sqlite.Tests.Log;

public sealed class RetentionTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Theory]
    [InlineData(0, 7)]
    [InlineData(1, 0)]
    public async Task CommitAsync_RetentionIsOn_RemovesWhatEveryGroupHasCommittedAndIsOldEnough(int retainHours, long first)
    {
        using var folder = new StoreFolder();
        await using (var store = await folder.OpenAsync())
        {
            await store.CreateProducer().ProduceAsync("t", [.. Enumerable.Range(0, 20).Select(i => Message($"{i}"))], None);
            await CommitAsync(store, "slow", 7);
            await CommitAsync(store, "fast", 14);
        }
        await using var again = await folder.OpenAsync(new() { RetainConsumed = TimeSpan.FromHours(retainHours) });
        await CommitAsync(again, "fast", 15);
        await using var late = again.CreateSource(new() { Group = "late", Topics = ["t"], StopAtEnd = true });
        var heard = new Assignments();
        await late.StartAsync(heard, None);
        Assert.Equal(first, heard.Assigned.Single().NextOffset);
        Assert.Equal(20 - first, (await late.ReadAsync(100, long.MaxValue, None)).Count);
        Assert.Equal(20 - first, (await late.GetLagAsync(None)).Messages);
        Assert.Equal(20, (await again.CreateProducer().ProduceAsync("t", [Message("next")], None))[0].Offset);
    }

    private static async Task CommitAsync(EmbeddedStore store, string group, long next)
    {
        await using var source = store.CreateSource(new() { Group = group, Topics = ["t"] });
        await source.StartAsync(new Assignments(), None);
        await source.CommitAsync([new PartitionCommit(new("t", 0), next)], None);
    }
}
