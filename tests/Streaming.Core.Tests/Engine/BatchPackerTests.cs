using Streaming.Core.Engine;

namespace Streaming.Core.Tests.Pipelines;

public class BatchPackerTests
{
    [Fact]
    public void Pack_Nothing_GivesNothing() => Assert.Empty(BatchPacker.Pack([], new BatchingOptions()));

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Pack_RandomLengths_EachOnceUnderTheBudgetWithLittlePadding(int seed)
    {
        var random = new Random(seed);
        var lengths = new int[5_000];
        for (var i = 0; i < lengths.Length; i++)
            lengths[i] = random.Next(50) == 0 ? random.Next(500, 5_000) : random.Next(1, 200);
        var options = new BatchingOptions { MaxBatchTokens = 1_024, MaxBatchSize = 48 };
        var batches = BatchPacker.Pack(lengths, options);
        Assert.Equal(Enumerable.Range(0, lengths.Length), batches.SelectMany(batch => batch).Order());
        long padded = 0;
        foreach (var batch in batches)
        {
            var longest = batch.Max(i => lengths[i]);
            Assert.True(batch.Length == 1 || longest * batch.Length <= options.MaxBatchTokens);
            Assert.True(batch.Length <= options.MaxBatchSize);
            padded += (long)longest * batch.Length;
        }

        Assert.InRange(1 - (lengths.Sum(length => (double)length) / padded), 0, 0.03);
    }

    [Fact]
    public void Pack_SameInput_SameBatches()
    {
        int[] lengths = [5, 5, 9, 5, 9];
        Assert.Equal(BatchPacker.Pack(lengths, new BatchingOptions()), BatchPacker.Pack(lengths, new BatchingOptions()));
        Assert.Equal([2, 4, 0, 1, 3], BatchPacker.Pack(lengths, new BatchingOptions()).SelectMany(batch => batch));
    }
}
