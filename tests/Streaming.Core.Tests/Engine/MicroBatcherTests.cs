using Streaming.Core.Engine;
using Streaming.Testing;

namespace Streaming.Core.Tests.Pipelines;

public class MicroBatcherTests
{
    private const long Frequency = 1_000; // timestamps are milliseconds
    private static readonly object Version = new();

    private readonly MicroBatch<int> _batch = new();

    [Fact]
    public void TryTake_BeforeTheDelay_Waits()
    {
        var batcher = Batcher();
        batcher.Add(1, 10, Version, now: 100);
        Assert.False(batcher.TryTake(119, eager: false, _batch));
        Assert.True(batcher.TryTake(120, eager: false, _batch));
        Assert.Equal([1], _batch.Items);
        Assert.Equal(0, batcher.Count);
    }

    [Fact]
    public void TryTake_SteadyTrickle_DelayRunsFromTheOldest()
    {
        var batcher = Batcher();
        for (var now = 0; now <= 20; now += 5)
        {
            Assert.False(now < 20 && batcher.TryTake(now, eager: false, _batch));
            batcher.Add(now, 10, Version, now);
        }

        Assert.True(batcher.TryTake(20, eager: false, _batch));
        Assert.Equal(0, _batch.Items[0]);
    }

    [Fact]
    public void TryTake_Eager_DoesNotWait()
    {
        var batcher = Batcher();
        Assert.False(batcher.TryTake(0, eager: true, _batch));
        batcher.Add(1, 10, Version, 0);
        Assert.True(batcher.TryTake(0, eager: true, _batch));
    }

    [Fact]
    public void TryTake_EnoughToChooseFrom_DoesNotWait()
    {
        var batcher = Batcher();
        for (var i = 0; i < 256; i++)
            batcher.Add(i, 8, Version, 0);
        Assert.True(batcher.TryTake(0, eager: false, _batch));
        Assert.Equal(64, _batch.Count);
        Assert.Equal(512, _batch.PaddedTokens);
    }

    [Fact]
    public void TryTake_LongerThanTheBudget_GoesAlone()
    {
        var batcher = Batcher();
        batcher.Add(1, 2_000, Version, 0);
        batcher.Add(2, 100_000, Version, 0);
        batcher.Add(3, 5, Version, 0);
        foreach (var expected in (int[])[1, 2, 3])
        {
            Assert.True(batcher.TryTake(0, eager: true, _batch));
            Assert.Equal([expected], _batch.Items);
        }
    }

    [Fact]
    public void TryTake_TwoVersions_NeverMixesAndTheOldOneDoesNotWait()
    {
        var batcher = Batcher();
        var next = new object();
        batcher.Add(1, 10, Version, 0);
        Assert.False(batcher.TryTake(1, eager: false, _batch));
        batcher.Add(2, 10, next, 1);
        batcher.Add(3, 10, Version, 1);
        Assert.True(batcher.TryTake(1, eager: false, _batch));
        Assert.Equal([1, 3], _batch.Items);
        Assert.Same(Version, _batch.Version);
        Assert.True(batcher.TryTake(21, eager: false, _batch));
        Assert.Equal([2], _batch.Items);
        Assert.Same(next, _batch.Version);
    }

    [Fact]
    public void DueIn_SaysWhenTheOldestMustGo()
    {
        var batcher = Batcher();
        Assert.Null(batcher.DueIn(0));
        batcher.Add(1, 10, Version, 5);
        batcher.Add(2, 10, Version, 9);
        Assert.Equal(TimeSpan.FromMilliseconds(15), batcher.DueIn(10));
        Assert.Equal(TimeSpan.Zero, batcher.DueIn(1_000));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void TryTake_RandomArrivals_KeepsEveryPromise(int seed)
    {
        var random = new Random(seed);
        var options = new BatchingOptions { MaxBatchTokens = random.Next(64, 2_000), MaxBatchSize = random.Next(1, 64) };
        var batcher = new MicroBatcher<int>(options, Frequency);
        var waiting = new Dictionary<int, (int Length, long At, object Version)>();
        object version = new();
        long now = 0;
        var added = 0;
        for (var step = 0; step < 20_000; step++)
        {
            now += random.Next(3);
            if (random.Next(2_000) == 0)
                version = new object();
            if (random.Next(3) > 0)
            {
                var length = random.Next(4) == 0 ? random.Next(1, 600) : random.Next(1, 40);
                batcher.Add(added, length, version, now);
                waiting.Add(added++, (length, now, version));
            }

            if (random.Next(8) == 0 && !Take(random.Next(2) == 0))
                Assert.All(waiting.Values, entry => Assert.True(now - entry.At < 20));
        }

        while (waiting.Count > 0)
            Assert.True(Take(eager: true));
        Assert.Equal((0, 0L), (batcher.Count, batcher.Tokens));
        Assert.False(batcher.TryTake(now, eager: true, _batch));

        bool Take(bool eager)
        {
            var before = waiting.Count;
            if (!batcher.TryTake(now, eager, _batch))
            {
                Assert.True(before == 0 || !eager);
                return false;
            }

            // The oldest of its version is in; the rest is within the budget, of one version, and little padding.
            var first = waiting[_batch.Items[0]];
            var oldest = waiting.Where(pair => pair.Value.Version == _batch.Version).Min(pair => pair.Key);
            Assert.Equal(oldest, _batch.Items[0]);
            var longest = 0;
            long tokens = 0;
            foreach (var item in _batch.Items)
            {
                Assert.True(waiting.Remove(item, out var entry));
                Assert.Same(first.Version, entry.Version);
                longest = Math.Max(longest, entry.Length);
                tokens += entry.Length;
            }

            Assert.Equal((longest, tokens), (_batch.PaddedLength, _batch.Tokens));
            Assert.True(_batch.Count == 1 || _batch.PaddedTokens <= options.MaxBatchTokens);
            Assert.True(_batch.Count <= options.MaxBatchSize);
            Assert.True(_batch.PaddedTokens - tokens <= Math.Max(16, _batch.PaddedTokens * 0.1));
            return true;
        }
    }

    [Fact]
    public void TryTake_FullQueueOfMixedLengths_WastesLittle()
    {
        var random = new Random(5);
        var batcher = new MicroBatcher<int>(new BatchingOptions(), Frequency);
        long tokens = 0, padded = 0;
        for (var i = 0; i < 50_000; i++)
        {
            // Log-normal, as texts are.
            var normal = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
            batcher.Add(i, Math.Clamp((int)Math.Exp(3.3 + (0.7 * normal)), 3, 512), Version, i);
            while (batcher.Count >= 1_000 && batcher.TryTake(i, eager: true, _batch))
            {
                tokens += _batch.Tokens;
                padded += _batch.PaddedTokens;
            }
        }

        Assert.InRange(1 - ((double)tokens / padded), 0, 0.03);
    }

    [Fact]
    public void AddAndTake_SteadyState_AllocatesNothing()
    {
        var batcher = Batcher();
        Run();
        Assert.Equal(0, Allocations.Of(Run));

        void Run()
        {
            for (var i = 0; i < 5_000; i++)
            {
                batcher.Add(i, 1 + (i % 100), Version, i);
                if (batcher.Count >= 200)
                    batcher.TryTake(i, eager: true, _batch);
            }
        }
    }

    private static MicroBatcher<int> Batcher() => new(new BatchingOptions { MaxBatchTokens = 512, MaxBatchSize = 64 }, Frequency);
}
