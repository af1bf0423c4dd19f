using Streaming.Contracts;
using Streaming.Core;
using Streaming.Core.Labelling;
using Streaming.Learning.Labelling;
using Streaming.Testing.Conformance;
using Streaming.Testing.Fakes;

namespace Streaming.Learning.Tests.Labelling;

/// <summary>A store whose writes go to topics keeps what any store keeps, and what is fed from the topics keeps it too.</summary>
public sealed class TopicSampleStoreTests : SampleStoreConformance
{
    private readonly InMemoryProducer _producer = new();

    protected override Task<ISampleStore> OpenAsync() => Task.FromResult<ISampleStore>(Open(new InMemorySampleStore()));

    [Fact]
    public async Task Write_OnOneStore_ReachesAnotherThatCollectsTheTopics()
    {
        var (here, there) = (Open(new InMemorySampleStore()), new InMemorySampleStore());
        await here.AddRequestsAsync([Request("a"), Request("b")], default);
        var kept = Sample("a", LabellerKind.Person, "anna");
        var undone = Sample("b", LabellerKind.Person, "anna");
        await here.AddSamplesAsync([kept, undone, Sample("b", LabellerKind.Person, "ben")], default);
        await here.RemoveSamplesAsync([undone.Id, Sample("b", LabellerKind.Person, "ben").Id], default);
        // Said again after it was taken back.
        await here.AddSamplesAsync([Sample("b", LabellerKind.Person, "ben")], default);

        // The second time everything comes again, as after a crash before the commit.
        for (var time = 0; time < 2; time++)
        {
            await CollectAsync("to-label", there);
            await CollectAsync("labelled", there);

            Assert.Equal(["a", "b"], (await there.ListRequestsAsync(new(), default)).Select(static stored => stored.Request.Id).Order());
            Assert.Equal(
                (await here.ListSamplesAsync(new(), default)).Select(static stored => stored.Sample.Id).Order(),
                (await there.ListSamplesAsync(new(), default)).Select(static stored => stored.Sample.Id).Order());
        }

        Assert.Equal(2, (await there.ListSamplesAsync(new(), default)).Count);
    }

    [Fact]
    public async Task AddSamplesAsync_TopicRefuses_IsAwayAndNothingIsKept()
    {
        _producer.Reject = static _ => "too large";
        var store = Open(new InMemorySampleStore());

        var error = await Assert.ThrowsAsync<DependencyUnavailableException>(() => store.AddSamplesAsync([Sample("a", LabellerKind.Person, "anna")], default).AsTask());

        Assert.Equal("label_topic_refused", error.Code);
        Assert.Empty(await store.ListSamplesAsync(new(), default));
    }

    private TopicSampleStore Open(InMemorySampleStore inner) => new(_producer, "to-label", "labelled", inner);

    private async Task CollectAsync(string topic, InMemorySampleStore into)
    {
        var log = new InMemoryLog(1, topic);
        foreach (var message in _producer.Read(topic))
            log.Append(message.Value, System.Text.Encoding.UTF8.GetString(message.Key!.Value.Span));
        await using var source = log.Consume();
        await new SampleCollector(source, "to-label", into, TimeProvider.System, null).RunAsync(default);
    }
}
