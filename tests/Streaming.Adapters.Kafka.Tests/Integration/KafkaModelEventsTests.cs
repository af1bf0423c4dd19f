using System.Text.Json;
using Streaming.Contracts;
using Streaming.Core.Messaging;
using Streaming.Core.Models.Registry;
using Streaming.Testing.Conformance;
using Streaming.Testing.Fakes;
using Streaming.Testing.Servers;

namespace Streaming.Adapters.Kafka.Tests.Integration;

/// <summary>Following a channel by its events on a real broker: every process for itself, from the end of the topic.</summary>
[Collection(KafkaCollection.Name)]
[Trait("Category", "Integration")]
public sealed class KafkaModelEventsTests(KafkaServer server)
{
    public static IEnumerable<object[]> Cases => ConformanceCases.Of(typeof(Suite));

    [IntegrationTheory("kafka")]
    [MemberData(nameof(Cases))]
    public async Task Follow_OnABroker_KeepsTheConformance(string name, int row)
    {
        var bench = new KafkaBench(server);
        using var suite = new Suite(bench, await bench.TopicAsync());
        await ConformanceCases.RunAsync(suite, name, row);
    }

    [IntegrationFact("kafka")]
    public async Task ReadAsync_FromTheEnds_HearsWhatComesAndLeavesNoGroup()
    {
        var bench = new KafkaBench(server);
        var topic = await bench.TopicAsync(3);
        await bench.WriteAsync(topic, 0, 100);
        using var admin = new Confluent.Kafka.AdminClientBuilder(bench.Client).Build();
        var before = Groups();
        await using (var one = new KafkaTailSource(bench.Options(topic, "tail")))
        await using (var other = new KafkaTailSource(bench.Options(topic, "tail")))
        {
            foreach (var source in new[] { one, other })
                await source.StartAsync(new RecordingListener(), default);
            await bench.WriteAsync(topic, 100, 50);
            foreach (var source in new[] { one, other })
                Assert.Equal(Enumerable.Range(100, 50), (await KafkaBench.ReadAsync(source, 50)).Select(KafkaBench.Number).Order());
        }

        Assert.Empty(Groups().Except(before));

        List<string> Groups() => admin.ListGroups(KafkaBench.Patience).ConvertAll(static group => group.Group);
    }

    [IntegrationFact("kafka")]
    public async Task ReadAsync_Cancelled_EndsTheWaitAndIsOfUseAgain()
    {
        var bench = new KafkaBench(server);
        var topic = await bench.TopicAsync();
        await using var source = new KafkaTailSource(bench.Options(topic, "tail"));
        await source.StartAsync(new RecordingListener(), default);
        using var cancel = new CancellationTokenSource();
        var reading = source.ReadAsync(1, 1, cancel.Token).AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
        await bench.WriteAsync(topic, 7, 1);
        Assert.Equal(7, KafkaBench.Number(Assert.Single(await KafkaBench.ReadAsync(source, 1))));
    }

    private sealed class Suite(KafkaBench bench, string topic) : ChannelFollowingConformance
    {
        protected override async Task<IAsyncDisposable> FollowAsync(ChannelView view, Func<CancellationToken, ValueTask> changed)
        {
            var source = new KafkaTailSource(bench.Options(topic, "models"));
            var follower = new ModelEventFollower(source, view, Registry, changed);
            var running = new Running(follower.RunAsync, source).Start();
            await follower.Reading.WaitAsync(KafkaBench.Limit());
            return running;
        }

        protected override async Task PassOnAsync(ModelEvent decided)
        {
            await using var producer = bench.Producer();
            var stored = await producer.ProduceAsync(topic, [new OutgoingMessage { Key = null, Value = JsonSerializer.SerializeToUtf8Bytes(decided, ContractsJson.Wire.ModelEvent) }], KafkaBench.Limit());
            Assert.True(stored[0].IsStored, stored[0].Error);
        }
    }
}
