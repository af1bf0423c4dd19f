using Streaming.Core.Messaging;
using Streaming.Testing;

namespace Streaming.Core.Tests.Messaging;

public class OffsetTrackerTests
{
    private static readonly TopicPartition Partition = new("raw", 0);

    [Fact]
    public void TakeCommits_NothingFinished_HasNone()
    {
        var tracker = Assigned();
        tracker.Track(Partition, 1, 0);
        Assert.Empty(Take(tracker));
    }

    [Fact]
    public void Complete_OutOfOrder_WatermarkWaitsForTheLowest()
    {
        var tracker = Assigned();
        for (var offset = 0; offset < 3; offset++)
            tracker.Track(Partition, 1, offset);
        tracker.Complete(Partition, 1, 2);
        tracker.Complete(Partition, 1, 1);
        Assert.Empty(Take(tracker));
        tracker.Complete(Partition, 1, 0);
        Assert.Equal([new PartitionCommit(Partition, 3)], Take(tracker));
        Assert.Empty(Take(tracker));
    }

    [Fact]
    public void Complete_OffsetsWithGaps_CommitsUpToTheNextUnfinished()
    {
        var tracker = Assigned(10);
        foreach (var offset in (long[])[12, 20, 35])
            tracker.Track(Partition, 1, offset);
        tracker.Complete(Partition, 1, 12);
        Assert.Equal([new PartitionCommit(Partition, 20)], Take(tracker));
        tracker.Complete(Partition, 1, 20);
        tracker.Complete(Partition, 1, 35);
        Assert.Equal([new PartitionCommit(Partition, 36)], Take(tracker));
    }

    [Fact]
    public void Complete_OlderEpoch_IsDropped()
    {
        var tracker = Assigned();
        tracker.Track(Partition, 1, 0);
        tracker.Assign(new PartitionCommit(Partition, 0), 2);
        Assert.False(tracker.Complete(Partition, 1, 0));
        Assert.False(tracker.Track(Partition, 1, 1));
        Assert.True(tracker.Track(Partition, 2, 0));
        Assert.Empty(Take(tracker));
    }

    [Fact]
    public void Complete_RevokedPartition_IsDroppedAndNeverCommitted()
    {
        var tracker = Assigned();
        tracker.Track(Partition, 1, 0);
        tracker.Revoke(Partition);
        Assert.False(tracker.Complete(Partition, 1, 0));
        Assert.Empty(Take(tracker));
        Assert.Null(tracker.Watermark(Partition));
    }

    [Fact]
    public void Complete_Twice_SaysItIsABug()
    {
        var tracker = Assigned();
        tracker.Track(Partition, 1, 0);
        tracker.Track(Partition, 1, 1);
        tracker.Complete(Partition, 1, 1);
        Assert.Throws<InvalidOperationException>(() => tracker.Complete(Partition, 1, 1));
        Assert.Throws<InvalidOperationException>(() => tracker.Complete(Partition, 1, 7));
    }

    [Fact]
    public void Track_OffsetGoesBack_SaysItIsABug()
    {
        var tracker = Assigned(5);
        tracker.Track(Partition, 1, 5);
        Assert.Throws<InvalidOperationException>(() => tracker.Track(Partition, 1, 5));
    }

    [Fact]
    public void Untake_CommitFailed_IsTakenAgain()
    {
        var tracker = Assigned();
        tracker.Track(Partition, 1, 0);
        tracker.Complete(Partition, 1, 0);
        var commits = Take(tracker);
        tracker.Untake(commits);
        Assert.Equal(commits, Take(tracker));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Complete_AnyInterleaving_WatermarkIsTheLowestUnfinished(int seed)
    {
        // Against the obvious model: a sorted set of what is in flight.
        var random = new Random(seed);
        var tracker = Assigned();
        var unfinished = new SortedSet<long>();
        var inFlight = new List<long>();
        long next = 0, end = 0;
        for (var step = 0; step < 20_000; step++)
        {
            if (inFlight.Count == 0 || (inFlight.Count < 700 && random.Next(2) == 0))
            {
                next += random.Next(10) == 0 ? random.Next(100) : 0;
                tracker.Track(Partition, 1, next);
                unfinished.Add(next);
                inFlight.Add(next++);
                end = next;
            }
            else
            {
                // Mostly old ones, so that the window both slides and grows.
                var at = random.Next(3) == 0 ? random.Next(inFlight.Count) : 0;
                var offset = inFlight[at];
                inFlight.RemoveAt(at);
                unfinished.Remove(offset);
                Assert.True(tracker.Complete(Partition, 1, offset));
            }

            Assert.Equal(unfinished.Count > 0 ? unfinished.Min : end, tracker.Watermark(Partition));
            Assert.Equal(unfinished.Count, tracker.Unfinished(Partition));
        }
    }

    [Fact]
    public void TrackAndComplete_SteadyState_AllocatesNothing()
    {
        var tracker = Assigned();
        var from = 0L;
        Run();
        Assert.Equal(0, Allocations.Of(Run));

        void Run()
        {
            var to = from + 20_000;
            for (var offset = from; offset < to; offset++)
            {
                tracker.Track(Partition, 1, offset);
                if (offset >= from + 500)
                    tracker.Complete(Partition, 1, offset - 500);
            }

            for (var offset = to - 500; offset < to; offset++)
                tracker.Complete(Partition, 1, offset);
            from = to;
        }
    }

    private static OffsetTracker Assigned(long next = 0)
    {
        var tracker = new OffsetTracker();
        tracker.Assign(new PartitionCommit(Partition, next), 1);
        return tracker;
    }

    private static List<PartitionCommit> Take(OffsetTracker tracker)
    {
        var commits = new List<PartitionCommit>();
        tracker.TakeCommits(commits);
        return commits;
    }
}
