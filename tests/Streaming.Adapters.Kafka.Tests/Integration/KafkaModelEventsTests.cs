using System.Text.Json;
using Streaming.Contracts;
using Streaming.Core.Messaging;
using Streaming.Core.Models.Registry;
using Streaming.Testing.Conformance;
using Streaming.Testing.Fakes;
using Streaming.Testing.Servers;

namespace Streaming.Adapters.Kafka.Tests.Integration;

/// <summary>Following a channel by its events on a real broker: every process a group of its own, from the end of the topic.</summary>
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

    private sealed class Suite(KafkaBench bench, string topic) : ChannelFollowingConformance
    {
        protected override async Task<IAsyncDisposable> FollowAsync(ChannelView view, Func<CancellationToken, ValueTask> changed)
        {
            var source = new KafkaMessageSource(bench.Options(topic, KafkaBench.Name("models")) with { Start = KafkaStart.Latest });
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
