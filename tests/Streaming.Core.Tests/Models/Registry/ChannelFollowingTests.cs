using System.Text.Json;
using Streaming.Contracts;
using Streaming.Core.Models.Registry;
using Streaming.Core.Tests.Models.Bundle;
using Streaming.Testing.Conformance;
using Streaming.Testing.Fakes;

namespace Streaming.Core.Tests.Models.Registry;

/// <summary>Following a channel by looking at the registry again and again.</summary>
public sealed class ChannelPollingTests : ChannelFollowingConformance
{
    protected override Task<IAsyncDisposable> FollowAsync(ChannelView view, Func<CancellationToken, ValueTask> changed) =>
        Task.FromResult<IAsyncDisposable>(new Running(async stop =>
        {
            while (!stop.IsCancellationRequested)
            {
                if (view.Look(Registry))
                    await changed(stop);
                await Task.Delay(TimeSpan.FromMilliseconds(5), CancellationToken.None);
            }
        }).Start());

    protected override Task PassOnAsync(ModelEvent decided) => Task.CompletedTask;
}

/// <summary>Following a channel by the topic of its decisions.</summary>
public sealed class ModelEventFollowerTests : ChannelFollowingConformance
{
    // Each process reads all of the topic, as a group of its own does.
    private readonly List<InMemoryLog> _topic = [];

    protected override async Task<IAsyncDisposable> FollowAsync(ChannelView view, Func<CancellationToken, ValueTask> changed)
    {
        var log = new InMemoryLog(topic: "models.events");
        _topic.Add(log);
        var source = log.Consume(endsAtEnd: false);
        var follower = new ModelEventFollower(source, view, Registry, changed);
        var running = new Running(follower.RunAsync, source).Start();
        await follower.Reading;
        return running;
    }

    protected override Task PassOnAsync(ModelEvent decided)
    {
        foreach (var log in _topic)
        {
            log.Append("no event");
            log.Append(JsonSerializer.SerializeToUtf8Bytes(decided, ContractsJson.Wire.ModelEvent));
        }

        return Task.CompletedTask;
    }

    [Fact]
    public void Hear_SameEventsAgainAndOlderOnes_ChangeNothing()
    {
        var view = new ChannelView("followed", ModelChannel.Stable);

        var changed = new[] { (1, 'a'), (2, 'b'), (1, 'a'), (2, 'b'), (1, 'a'), (3, 'c') }.Select(step => view.Hear(Event(step.Item1, step.Item2)));

        Assert.Equal([true, true, false, false, false, true], changed);
        Assert.Equal((3L, 'c'), (view.Sequence, view.Digest[0]));
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("""{"sequence":1}""")]
    [InlineData("""{"sequence":1,"kind":"promoted","name":"a","channel":"stable","version":"1","digest":"../../etc","reasons":[],"decided_at":"2026-01-01T00:00:00Z","decided_by":"gate"}""")]
    [InlineData("""{"sequence":0,"kind":"promoted","name":"a","channel":"stable","version":"1","digest":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","reasons":[],"decided_at":"2026-01-01T00:00:00Z","decided_by":"gate"}""")]
    public void Read_NoEvent_IsNone(string text) => Assert.Null(ModelEventFollower.Read(System.Text.Encoding.UTF8.GetBytes(text)));

    [Fact]
    public void Read_NoValue_IsNone() => Assert.Null(ModelEventFollower.Read(null));

    [Fact]
    public async Task View_RegistryStillShowsWhatWasBeforeTheEvent_StaysWithTheEvent()
    {
        using var world = new TemporaryFolder();
        var registry = new ModelRegistry(world.Path, TimeProvider.System);
        await registry.RefuseAsync(ModelChannel.Stable, new() { Name = "followed", Version = "0", Licence = "MIT", Encoder = null!, Tokenizer = null! }, new string('0', 64), new ModelDecision(ModelDecision.Gate, []), default);
        var view = new ChannelView("followed", ModelChannel.Stable);

        Assert.True(view.Hear(Event(2, 'b')));
        Assert.False(view.Look(registry));

        Assert.Equal((2L, 'b'), (view.Sequence, view.Digest[0]));
    }

    private static ModelEvent Event(long sequence, char digest) => new()
    {
        Sequence = sequence, Kind = ModelEventKind.Promoted, Name = "followed", Channel = ModelChannel.Stable, Version = "1", Digest = new string(digest, 64),
        Reasons = [], DecidedAt = DateTimeOffset.UnixEpoch, DecidedBy = ModelDecision.Gate,
    };
}
