using Streaming.Adapters.Kafka;
using Streaming.Cli.CommandLine;
using Streaming.Core.Messaging;
using Streaming.Core.Models.Registry;
using Streaming.Core.Topology;

namespace Streaming.Cli.Composition;

/// <summary>
/// The topic of decisions about models, seen from a process that serves on Kafka: it passes on what the registry has and nobody has
/// passed on yet (a person's promotion, say), and switches by what it reads there. It reads without a group, from the end; the
/// registry tells what was before, and stays the fallback.
/// </summary>
internal sealed class ModelEventsLink : IAsyncDisposable
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(2);

    private readonly EventPublisher _publisher;
    private readonly BackgroundWork _passing;
    private readonly BackgroundWork _following;

    private ModelEventsLink(EventPublisher publisher, BackgroundWork passing, BackgroundWork following) => (_publisher, _passing, _following) = (publisher, passing, following);

    /// <summary>Starts both. The topic must be there.</summary>
    public static ModelEventsLink Start(CliContext context, TopologyDefinition topology, ServingModels serving, IMessageProducer producer)
    {
        var publisher = new EventPublisher(serving.Registry!, topology, serving.View.Name, producer);
        return new ModelEventsLink(
            publisher,
            BackgroundWork.Start(context, "model_events_not_written", "decisions about models could not be passed on", async stop =>
            {
                await publisher.PublishAsync(stop);
                await Task.Delay(Look, context.Time, stop);
            }),
            BackgroundWork.Start(context, "model_events_unreadable", "decisions about models could not be followed on their topic; the registry is looked at instead", async stop =>
            {
                // Every process must hear everything, so it is in no group.
                await using var source = new KafkaTailSource(new KafkaSourceOptions
                {
                    Client = topology.Source.Kafka, Topics = [topology.Retraining.EventsTopic], Group = $"{topology.Source.Group}.models", Time = context.Time,
                });
                await new ModelEventFollower(source, serving.View, serving.Registry!, async token => await serving.SwitchAsync(token)).RunAsync(stop);
            }));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _following.DisposeAsync();
        await _passing.DisposeAsync();
        await _publisher.DisposeAsync();
    }
}
