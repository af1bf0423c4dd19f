namespace Streaming.Adapters.AkkaStreams.Tests;

public class CallsInFlightTests
{
    [Fact]
    public void CloseAsync_NothingRuns_IsDoneAndNothingBegins()
    {
        var calls = new CallsInFlight();
        Assert.True(calls.CloseAsync().IsCompleted);
        Assert.False(calls.TryEnter());
    }

    [Fact]
    public async Task CloseAsync_CallsRun_WaitsForTheLast()
    {
        var calls = new CallsInFlight();
        Assert.True(calls.TryEnter() && calls.TryEnter());
        var closed = calls.CloseAsync();
        calls.Leave();
        Assert.False(closed.IsCompleted);
        calls.Leave();
        await closed;
    }

    [Fact]
    public void Leave_BeforeClosing_DoesNotEndIt()
    {
        var calls = new CallsInFlight();
        Assert.True(calls.TryEnter());
        calls.Leave();
        Assert.True(calls.TryEnter());
        Assert.False(calls.CloseAsync().IsCompleted);
    }
}
