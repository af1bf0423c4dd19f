using Streaming.Core.Models;

namespace Streaming.Testing.Conformance;

/// <summary>What every <see cref="IModelRunner"/> must do; an adapter's tests inherit this and open theirs.</summary>
public abstract class ModelRunnerConformance
{
    /// <summary>Opens a runner.</summary>
    /// <param name="maxConcurrent">Passes that may run at once.</param>
    protected abstract IModelRunner Open(int maxConcurrent);

    /// <summary>An id the encoder does not know.</summary>
    protected virtual int UnknownId => int.MaxValue;

    /// <summary>A sequence of ids the encoder knows.</summary>
    /// <param name="seed">Different seeds give different sequences.</param>
    /// <param name="length">Tokens.</param>
    protected abstract TokenSequence Sequence(int seed, int length);

    [Fact]
    public async Task RunAsync_Batch_GivesEachRowItsLengthTimesDimensions()
    {
        await using var runner = Open(1);
        var batch = new[] { Sequence(1, 3), Sequence(2, 1), Sequence(3, runner.Info.MaxSequenceLength) };

        using var output = await runner.RunAsync(batch, default);

        Assert.Equal(runner.Info.MaxSequenceLength, output.PaddedLength);
        for (var layer = 0; layer < runner.Info.Layers.Count; layer++)
        {
            for (var row = 0; row < batch.Length; row++)
                Assert.Equal(batch[row].Length * runner.Info.Dimensions, output.Hidden(layer, row).Length);
        }
    }

    [Fact]
    public async Task RunAsync_AloneAndPaddedAmongOthers_GivesTheSame()
    {
        await using var runner = Open(1);
        var longest = runner.Info.MaxSequenceLength;
        var batch = Enumerable.Range(0, 9).Select(i => Sequence(i, 1 + (i * (longest - 1) / 8))).ToArray();
        using var together = await runner.RunAsync(batch, default);

        for (var row = 0; row < batch.Length; row++)
        {
            using var alone = await runner.RunAsync([batch[row]], default);
            for (var layer = 0; layer < runner.Info.Layers.Count; layer++)
                Assert.Equal(alone.Hidden(layer, 0).ToArray(), together.Hidden(layer, row).ToArray(), static (a, b) => Math.Abs(a - b) <= 1e-5f);
        }
    }

    [Fact]
    public async Task RunAsync_ManyAtOnce_EachGetsItsOwn()
    {
        await using var runner = Open(3);
        var batches = Enumerable.Range(0, 40).Select(i => new[] { Sequence(i, 1 + (i % runner.Info.MaxSequenceLength)) }).ToArray();
        var expected = new List<float[]>();
        foreach (var batch in batches)
        {
            using var output = await runner.RunAsync(batch, default);
            expected.Add(output.Hidden(0, 0).ToArray());
        }

        var outputs = await Task.WhenAll(batches.Select(batch => runner.RunAsync(batch, default).AsTask()));

        for (var i = 0; i < outputs.Length; i++)
        {
            Assert.Equal(expected[i], outputs[i].Hidden(0, 0).ToArray());
            outputs[i].Dispose();
        }
    }

    [Fact]
    public async Task RunAsync_UnknownId_FailsThatBatchAlone()
    {
        await using var runner = Open(1);

        await Assert.ThrowsAnyAsync<Exception>(async () => await runner.RunAsync([new TokenSequence(new[] { UnknownId })], default));

        using var next = await runner.RunAsync([Sequence(1, 2)], default);
        Assert.Equal(2 * runner.Info.Dimensions, next.Hidden(0, 0).Length);
    }

    [Fact]
    public async Task RunAsync_LengthOutOfRange_Throws()
    {
        await using var runner = Open(1);
        var tooLong = new TokenSequence(new int[runner.Info.MaxSequenceLength + 1]);

        await Assert.ThrowsAnyAsync<ArgumentException>(async () => await runner.RunAsync([], default));
        await Assert.ThrowsAnyAsync<ArgumentException>(async () => await runner.RunAsync([new TokenSequence(Array.Empty<int>())], default));
        await Assert.ThrowsAnyAsync<ArgumentException>(async () => await runner.RunAsync([tooLong], default));
    }

    [Fact]
    public async Task RunAsync_CancelledBefore_DoesNotRun()
    {
        await using var runner = Open(1);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await runner.RunAsync([Sequence(1, 2)], new CancellationToken(true)));
    }

    [Fact]
    public async Task RunAsync_AfterDispose_Throws()
    {
        var runner = Open(1);
        await runner.DisposeAsync();
        await runner.DisposeAsync();

        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await runner.RunAsync([Sequence(1, 2)], default));
    }
}
