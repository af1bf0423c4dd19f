using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using Streaming.Contracts;
using Streaming.Core.Engine.Channels;
using Streaming.Core.Telemetry;
using Streaming.Testing.Engine;

namespace Streaming.Core.Tests.Telemetry;

public sealed class PipelineTracingTests : IDisposable
{
    private const string Parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    private readonly ConcurrentQueue<Activity> _ended = new();
    private readonly string _topic = "traced-" + Guid.NewGuid().ToString("N");
    private ActivityListener? _listener;

    public void Dispose() => _listener?.Dispose();

    [Theory]
    [InlineData("a good text", "indexed", null)]
    [InlineData("{\"text\":17}", "dead_lettered", ErrorCodes.InvalidField)]
    public async Task RunAsync_MessageWithATrace_HasOneSpanInIt(string value, string outcome, string? code)
    {
        Listen();
        var world = await RunAsync(value, Parent);
        var span = Assert.Single(Spans());
        Assert.Equal("process " + _topic, span.OperationName);
        Assert.Equal(("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"), (span.TraceId.ToHexString(), span.ParentSpanId.ToHexString()));
        Assert.Equal("vendor=1", span.TraceStateString);
        Assert.Equal(outcome, span.GetTagItem("streaming.outcome"));
        Assert.Equal(code, span.GetTagItem("error.type"));
        Assert.True(span.IsStopped);
        world.AssertSound();

        // What computes and writes it is linked to it.
        if (code is null)
            Assert.Contains(_ended, batch => batch.OperationName == "infer" && batch.Links.Any(link => link.Context.SpanId == span.SpanId));
        Assert.Contains(_ended, batch => batch.OperationName == "deliver" && batch.Links.Any(link => link.Context.SpanId == span.SpanId));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("nonsense")]
    [InlineData("00-00000000000000000000000000000000-0000000000000000-01")]
    public async Task RunAsync_MessageWithoutATrace_HasNoSpan(string? parent)
    {
        Listen();
        (await RunAsync("a good text", parent)).AssertSound();
        Assert.Empty(Spans());
    }

    [Fact]
    public async Task RunAsync_SinkRefuses_SpanSaysSo()
    {
        Listen();
        var world = World();
        world.Sink.Reject = static _ => "no";
        Append(world, "a good text", Parent);
        await world.RunAsync();
        var span = Assert.Single(Spans());
        Assert.Equal(("dead_lettered", ErrorCodes.SinkRejected), (span.GetTagItem("streaming.outcome"), span.GetTagItem("error.type")));
    }

    private void Listen()
    {
        _listener = new ActivityListener
        {
            ShouldListenTo = static source => source.Name == PipelineTracing.SourceName,
            Sample = static (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = _ended.Enqueue,
        };
        ActivitySource.AddActivityListener(_listener);
    }

    /// <summary>Other tests run pipelines beside this one; the topic tells whose a span is.</summary>
    private List<Activity> Spans() => [.. _ended.Where(span => span.OperationName == "process " + _topic)];

    private PipelineWorld World() => new(new ChannelEngine(), 1, null, _topic);

    private async Task<PipelineWorld> RunAsync(string value, string? parent)
    {
        var world = World();
        Append(world, value, parent);
        await world.RunAsync();
        return world;
    }

    private static void Append(PipelineWorld world, string value, string? parent) =>
        world.Log.Append(Encoding.UTF8.GetBytes(value), headers: parent is null ? null : [new(PipelineTracing.TraceParent, Encoding.ASCII.GetBytes(parent)), new(PipelineTracing.TraceState, "vendor=1"u8.ToArray())]);
}
