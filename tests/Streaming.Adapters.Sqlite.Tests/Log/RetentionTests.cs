using Streaming.Core.Messaging;
using Streaming.Testing.Fakes;
using Streaming.Testing.Faults;
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

    [Fact]
    [FaultRow(26)]
    public async Task CommitAsync_ClockFarOff_KeepsWhatSomebodyHasStillToRead()
    {
        using var report = FaultReport.Begin(26);
        DateTimeOffset[] clocks = [Make.Noon.AddDays(1), Make.Noon.AddDays(-1), DateTimeOffset.UnixEpoch, new(9999, 12, 31, 0, 0, 0, TimeSpan.Zero)];
        foreach (var now in clocks)
        {
            using var folder = new StoreFolder();
            var time = new ManualTimeProvider();
            await using var store = await EmbeddedStore.OpenAsync(folder.File, new() { RetainConsumed = TimeSpan.FromHours(1) }, time, None);
            await store.CreateProducer().ProduceAsync("t", [.. Enumerable.Range(0, 20).Select(i => Message($"{i}"))], None);
            await CommitAsync(store, "slow", 7);
            time.SetUtcNow(now);
            await CommitAsync(store, "fast", 20);
            await using var slow = store.CreateSource(new() { Group = "slow", Topics = ["t"], StopAtEnd = true });
            await slow.StartAsync(new Assignments(), None);
            Assert.Equal(Enumerable.Range(7, 13), (await slow.ReadAsync(100, long.MaxValue, None)).Select(message => (int)message.Offset));
        }

        report.Seen("embedded log with retention, clock a day off, at 1970 and at 9999: nothing uncommitted deleted");
    }

    private static async Task CommitAsync(EmbeddedStore store, string group, long next)
    {
        await using var source = store.CreateSource(new() { Group = group, Topics = ["t"] });
        await source.StartAsync(new Assignments(), None);
        await source.CommitAsync([new PartitionCommit(new("t", 0), next)], None);
    }
}
