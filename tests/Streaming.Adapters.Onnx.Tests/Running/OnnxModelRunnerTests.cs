using Streaming.Adapters.Onnx.Bert;
using Streaming.Adapters.Onnx.Running;
using Streaming.Core;
using Streaming.Core.Models;

namespace Streaming.Adapters.Onnx.Tests.Running;

public sealed class OnnxModelRunnerTests
{
    [Fact]
    public async Task RunAsync_LayersChosen_GivesThoseAlone()
    {
        await using var all = Open(new OnnxRunnerOptions());
        await using var some = Open(new OnnxRunnerOptions { Layers = [1] });
        var batch = new[] { new TokenSequence(TinyBert.Sequence(1, 9)) };

        using var expected = await all.RunAsync(batch, default);
        using var actual = await some.RunAsync(batch, default);

        Assert.Equal([1], some.Info.Layers);
        Assert.Equal(expected.Hidden(1, 0).ToArray(), actual.Hidden(0, 0).ToArray());
        Assert.Throws<ArgumentOutOfRangeException>(() => actual.Hidden(1, 0).Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => actual.Hidden(0, 1).Length);
    }

    [Fact]
    public async Task Hidden_AfterDispose_Throws()
    {
        await using var runner = Open(new OnnxRunnerOptions());
        var output = await runner.RunAsync([new TokenSequence(new int[3])], default);
        Assert.Equal(3, output.PaddedLength);
        output.Dispose();
        output.Dispose();

        Assert.Throws<ObjectDisposedException>(() => output.Hidden(0, 0).Length);
    }

    [Fact]
    public async Task RunAsync_IdOutsideVocabulary_FailsThatBatchAlone()
    {
        await using var runner = Open(new OnnxRunnerOptions());

        var error = await Assert.ThrowsAsync<StreamingException>(async () => await runner.RunAsync([new TokenSequence(new[] { 1, 99_999 })], default));

        Assert.Equal("model_failed", error.Code);
        using var next = await runner.RunAsync([new TokenSequence(new[] { 1, 2 })], default);
        Assert.Equal(2 * TinyBert.Hidden, next.Hidden(0, 0).Length);
    }

    [Fact]
    public async Task RunAsync_MoreCallsThanThreads_AllAreComputedAndTellTheirOwnTime()
    {
        await using var runner = Open(new OnnxRunnerOptions { MaxConcurrent = 1 });
        var batch = new[] { new TokenSequence(TinyBert.Sequence(1, 9)) };
        var started = TimeProvider.System.GetTimestamp();

        var outputs = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => runner.RunAsync(batch, default).AsTask()));
        var elapsed = TimeProvider.System.GetElapsedTime(started);

        Assert.Equal(1, runner.Info.CallsAhead);
        Assert.All(outputs, static output => Assert.True(output.Took > TimeSpan.Zero));
        Assert.True(outputs.Sum(static output => output.Took!.Value.Ticks) <= elapsed.Ticks, "one thread: no two passes at the same time");
        foreach (var output in outputs)
            output.Dispose();
    }

    [Fact]
    public async Task WarmUpAsync_SeveralThreads_LeavesRunnerUsable()
    {
        await using var runner = Open(new OnnxRunnerOptions { MaxConcurrent = 2 });

        await runner.WarmUpAsync(default);

        using var output = await runner.RunAsync([new TokenSequence(new int[3])], default);
        Assert.Equal(3, output.PaddedLength);
    }

    [Theory]
    [InlineData("gpu", 1, 1)]
    [InlineData("cuda:", 1, 1)]
    [InlineData("cuda:-1", 1, 1)]
    [InlineData("", 1, 1)]
    [InlineData("cpu", 0, 1)]
    [InlineData("cpu", 1, 0)]
    public void Open_OptionOutOfRange_IsRefused(string device, int threads, int concurrent)
    {
        var options = new OnnxRunnerOptions { Device = device, IntraOpThreads = threads, MaxConcurrent = concurrent };

        Assert.Equal("model_options_invalid", Assert.Throws<StreamingException>(() => Open(options)).Code);
    }

    [Fact]
    public async Task Open_CudaIndexThatNoMachineHas_FallsBackAndSaysWhy()
    {
        var told = new List<string>();

        await using var runner = Open(new OnnxRunnerOptions { Device = "cuda:255", Log = told.Add });

        Assert.StartsWith("cpu (cuda:255 was asked for: ", runner.Info.Device, StringComparison.Ordinal);
        Assert.Contains(runner.Info.Device, Assert.Single(told), StringComparison.Ordinal);
        using var output = await runner.RunAsync([new TokenSequence(new int[3])], default);
    }

    [Fact]
    public void Open_ManifestAndGraphDisagree_IsRefused()
    {
        var graph = BertGraph.Write(new TinyBert().Checkpoint(), new BertGraphOptions { Layers = [2] });
        var wider = TinyBert.Manifest("fp32", 2) with { Dimensions = 64 };

        Assert.Equal("model_graph_mismatch", Assert.Throws<StreamingException>(() => OnnxModelRunner.Open(graph, TinyBert.Manifest("fp32", 1, 2))).Code);
        Assert.Equal("model_graph_mismatch", Assert.Throws<StreamingException>(() => OnnxModelRunner.Open(graph, wider)).Code);
        Assert.Equal("model_layer_unknown", Assert.Throws<StreamingException>(() => OnnxModelRunner.Open(graph, TinyBert.Manifest("fp32", 2), new OnnxRunnerOptions { Layers = [0] })).Code);
    }

    [Fact]
    public void Open_GraphWithMoreInputs_IsRefused()
    {
        var graph = BertGraph.Write(new TinyBert().Checkpoint(), new BertGraphOptions { TokenTypes = true });

        Assert.Equal("model_graph_mismatch", Assert.Throws<StreamingException>(() => OnnxModelRunner.Open(graph, TinyBert.Manifest("fp32", 2))).Code);
    }

    private static OnnxModelRunner Open(OnnxRunnerOptions options) => OnnxModelRunner.Open(
        BertGraph.Write(new TinyBert().Checkpoint(), new BertGraphOptions { Layers = [0, 1, 2] }), TinyBert.Manifest(), options);
}
