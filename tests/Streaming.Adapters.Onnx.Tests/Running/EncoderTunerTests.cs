using Streaming.Adapters.Onnx.Running;
using Streaming.Core.Engine;
using Streaming.Core.Models;
using Streaming.Testing.Fakes;

namespace Streaming.Adapters.Onnx.Tests.Running;

public sealed class EncoderTunerTests
{
    [Fact]
    public async Task MeasureAsync_GpuWithADearDefault_TakesTheCheapest()
    {
        var time = new ManualTimeProvider();
        var runner = new PricedRunner("cuda:0", places => TimeSpan.FromMicroseconds(places >= 8_192 ? places / 100 : places / 10), time);
        var tuning = await EncoderTuner.MeasureAsync(runner, 2, time, CancellationToken.None);
        Assert.NotNull(tuning);
        Assert.Contains(tuning.BatchTokens, new[] { 8_192, 16_384 });
        Assert.Equal(2, tuning.Calls);
        Assert.Equal(tuning.Measured.Select(static cost => cost.BatchTokens).Order(), tuning.Measured.Select(static cost => cost.BatchTokens));
    }

    [Fact]
    public async Task MeasureAsync_NothingMuchBetter_KeepsTheUsual()
    {
        var time = new ManualTimeProvider();
        var runner = new PricedRunner("cuda:0", places => TimeSpan.FromMicroseconds(places * (places == 4_096 ? 1.0 : 0.97)), time);
        var tuning = await EncoderTuner.MeasureAsync(runner, 1, time, CancellationToken.None);
        Assert.Equal(4_096, tuning!.BatchTokens);
    }

    [Fact]
    public async Task MeasureAsync_TooSlowToTell_GivesNothing()
    {
        var time = new ManualTimeProvider();
        var runner = new PricedRunner("cpu", _ => TimeSpan.FromSeconds(2), time);
        Assert.Null(await EncoderTuner.MeasureAsync(runner, 1, time, CancellationToken.None));
        Assert.Equal(BatchingOptions.UsualBatchTokens, EncoderTuner.DefaultBatchTokens(runner.Info));
    }

    /// <summary>A pass takes what it is told to take, on a clock of its own.</summary>
    private sealed class PricedRunner(string device, Func<int, TimeSpan> price, ManualTimeProvider time) : IModelRunner
    {
        public EncoderInfo Info { get; } = new(1, [], 512, device);

        public ValueTask<EncoderOutput> RunAsync(IReadOnlyList<TokenSequence> batch, CancellationToken cancellationToken)
        {
            time.Advance(price(batch.Sum(static sequence => sequence.Length)));
            return new ValueTask<EncoderOutput>(new NoOutput());
        }

        public ValueTask DisposeAsync() => default;

        private sealed class NoOutput : EncoderOutput
        {
            public override int PaddedLength => 0;

            public override ReadOnlySpan<float> Hidden(int layer, int row) => default;

            public override void Dispose()
            {
            }
        }
    }
}
