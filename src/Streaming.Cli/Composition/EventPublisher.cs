using System.Globalization;
using System.Text;
using System.Text.Json;
using Streaming.Adapters.Kafka;
using Streaming.Adapters.Sqlite;
using Streaming.Cli.CommandLine;
using Streaming.Contracts;
using Streaming.Core;
using Streaming.Core.Messaging;
using Streaming.Core.Models.Registry;
using Streaming.Core.Topology;

namespace Streaming.Cli.Composition;

/// <summary>
/// Passes the decisions of a channel on to the events topic: each at least once, in their order. How far it got lies in the
/// registry, so it does not matter which process passes them on.
/// </summary>
internal sealed class EventPublisher : IAsyncDisposable
{
    private readonly ModelRegistry _registry;
    private readonly TopologyDefinition _topology;
    private readonly string _name;
    private readonly IMessageProducer _producer;
    private readonly bool _ownsProducer;

    public EventPublisher(ModelRegistry registry, TopologyDefinition topology, string name, IMessageProducer producer, bool ownsProducer = false) =>
        (_registry, _topology, _name, _producer, _ownsProducer) = (registry, topology, name, producer, ownsProducer);

    private string Channel => _topology.Model.Channel!;

    private string Place => Path.Combine(_registry.Directory, "published", $"{_name}.{Channel}");

    /// <summary>A publisher with a producer of its own: Kafka's where the topology reads from there, else the embedded log's.</summary>
    public static async Task<EventPublisher> OpenAsync(
        CliContext context, string? data, TopologyDefinition topology, ModelRegistry registry, string name, EmbeddedStore store, CancellationToken cancellationToken)
    {
        if (!topology.Source.UsesKafka)
            return new EventPublisher(registry, topology, name, store.CreateProducer(), ownsProducer: true);
        var producer = new KafkaMessageProducer(new KafkaProducerOptions { Client = topology.Source.Kafka, OnNotice = context.Tell, Time = context.Time });
        await using var admin = new KafkaAdmin(topology.Source.Kafka, context.Time);
        await admin.CreateTopicsAsync([new KafkaTopic(topology.Retraining.EventsTopic, 1, (short)topology.Source.ReplicationFactor)], cancellationToken);
        return new EventPublisher(registry, topology, name, producer, ownsProducer: true);
    }

    /// <summary>Passes on what has not been passed on yet.</summary>
    public async ValueTask PublishAsync(CancellationToken cancellationToken)
    {
        using var turn = AtomicFile.TryLock(Place + ".lock");
        if (turn is null)
            return;
        var done = File.Exists(Place) ? long.Parse(await File.ReadAllTextAsync(Place, cancellationToken), CultureInfo.InvariantCulture) : 0;
        foreach (var decided in _registry.Channel(_name, Channel).Events.Where(decided => decided.Sequence > done))
        {
            var message = new OutgoingMessage
            {
                Key = Encoding.UTF8.GetBytes($"{_name}@{Channel}"),
                Value = JsonSerializer.SerializeToUtf8Bytes(decided, ContractsJson.Wire.ModelEvent),
            };
            var results = await _producer.ProduceAsync(_topology.Retraining.EventsTopic, [message], cancellationToken);
            if (results.Any(static result => !result.IsStored))
                throw new DependencyUnavailableException("events_not_stored", $"the topic {_topology.Retraining.EventsTopic} did not take the decision {decided.Sequence} of {_name}@{Channel}; it is tried again with the next one");
            AtomicFile.Write(Place, Encoding.ASCII.GetBytes(decided.Sequence.ToString(CultureInfo.InvariantCulture)));
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _ownsProducer ? _producer.DisposeAsync() : default;
}
