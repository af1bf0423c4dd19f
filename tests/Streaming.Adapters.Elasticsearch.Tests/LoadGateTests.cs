using Streaming.Adapters.Elasticsearch.Indexing;
using Streaming.Testing.Fakes;

namespace Streaming.Adapters.Elasticsearch.Tests;

public sealed class LoadGateTests
{
    private static LoadGate Gate(TimeProvider time, int most = 4, int seed = 1) =>
        new(most, TimeSpan.FromMilliseconds(500), TimeSpan.FromSeconds(8), time, seed);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public async Task Refused_ForAMinute_SendsAtMostThirtyRequestsAndIsBackInTenSeconds(int seed)
    {
        var time = new ManualTimeProvider();
        var gate = Gate(time, 2, seed);
        var begin = time.GetTimestamp();
        var requests = 0;
        while (time.GetElapsedTime(begin) < TimeSpan.FromSeconds(60))
        {
            var entering = gate.EnterAsync(default);
            while (!entering.IsCompleted)
            {
                time.Advance(TimeSpan.FromMilliseconds(100));
                await Task.Yield();
            }

            requests++;
            gate.Refused(null);
        }

        Assert.InRange(requests, 5, 30);
        var recovered = time.GetTimestamp();
        var next = gate.EnterAsync(default);
        while (!next.IsCompleted)
        {
            time.Advance(TimeSpan.FromMilliseconds(100));
            await Task.Yield();
        }

        Assert.True(time.GetElapsedTime(recovered) <= TimeSpan.FromSeconds(10));
        gate.Succeeded();
    }

    [Fact]
    public async Task Refused_ThenSucceeded_HalvesAndGrowsBackOneARound()
    {
        var time = new ManualTimeProvider();
        var gate = Gate(time, 4);
        await gate.EnterAsync(default);
        gate.Refused(TimeSpan.Zero);
        Assert.Equal(2, gate.Limit);
        time.Advance(TimeSpan.FromSeconds(8));
        for (var i = 0; i < 2; i++)
        {
            await gate.EnterAsync(default);
            gate.Succeeded();
        }

        Assert.Equal(2, gate.Limit);
        for (var i = 0; i < 12; i++)
        {
            await gate.EnterAsync(default);
            gate.Succeeded();
        }

        Assert.Equal(4, gate.Limit);
    }

    [Fact]
    public async Task EnterAsync_AllPlacesTaken_WaitsForOneToLeave()
    {
        var gate = Gate(TimeProvider.System, 1);
        await gate.EnterAsync(default);
        var second = gate.EnterAsync(default);
        Assert.False(second.IsCompleted);
        using var cancel = new CancellationTokenSource();
        var third = gate.EnterAsync(cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => third);
        gate.Succeeded();
        await second;
        gate.Succeeded();
        await gate.EnterAsync(default);
    }

    [Fact]
    public async Task Refused_WithRetryAfter_WaitsAtLeastThatLong()
    {
        var time = new ManualTimeProvider();
        var gate = Gate(time);
        await gate.EnterAsync(default);
        gate.Refused(TimeSpan.FromSeconds(20));
        var next = gate.EnterAsync(default);
        time.Advance(TimeSpan.FromSeconds(19));
        await Task.Yield();
        Assert.False(next.IsCompleted);
        while (!next.IsCompleted)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }
    }
}
