using Streaming.Adapters.Onnx.Benchmarks;
using Streaming.Adapters.Onnx.Bert;

namespace Streaming.Adapters.Onnx.Tests.Benchmarks;

public sealed class EncoderBenchmarkTests
{
    [Fact]
    public void Batches_MixedLengths_StayWithinBudgetAndLoseNothing()
    {
        var sequences = Enumerable.Range(0, 100).Select(static i => TinyBert.Sequence(i, 1 + (i * 7 % 40))).ToList();

        var batches = EncoderBenchmark.Batches(sequences, 64);

        Assert.All(batches, static batch => Assert.True(batch.Length == 1 || batch.Length * batch.Max(static ids => ids.Length) <= 64));
        Assert.Equal(sequences.OrderBy(static ids => ids.Length), batches.SelectMany(static batch => batch));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Compare_TwoEncoders_CountsTheSameWork(int threads)
    {
        var checkpoint = new TinyBert().Checkpoint();
        BenchmarkedEncoder Encoder(string name) => new()
        {
            Name = name,
            Model = BertGraph.Write(checkpoint, new BertGraphOptions()),
            Dimensions = TinyBert.Hidden,
            Layers = [TinyBert.Layers],
            SinglePrecision = true,
        };
        var sequences = Enumerable.Range(0, 30).Select(static i => TinyBert.Sequence(i, 1 + i)).ToList();

        var results = EncoderBenchmark.Compare([Encoder("a"), Encoder("b")], sequences, new EncoderBenchmarkOptions { TokenBudget = 100, Rounds = 1, Threads = threads }, TimeProvider.System, default);

        Assert.Equal(["a", "b"], results.Select(static result => result.Encoder));
        Assert.All(results, result =>
        {
            Assert.Equal(30, result.Documents);
            Assert.Equal(465, result.Tokens);
            Assert.True(result.PaddedTokens >= result.Tokens && result.Seconds > 0 && result.PeakMemoryBytes > 0);
        });
    }
}
