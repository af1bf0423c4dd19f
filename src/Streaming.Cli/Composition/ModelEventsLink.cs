using Streaming.Adapters.Kafka;
using Streaming.Cli.CommandLine;
using Streaming.Core;
using Streaming.Core.Messaging;
using Streaming.Core.Models.Registry;
using Streaming.Core.Telemetry;
using Streaming.Core.Topology;

namespace Streaming.Cli.Composition;

/// <summary>
/// The topic of decisions about models, seen from a process that serves on Kafka: it passes on what the registry has and nobody has
/// passed on yet (a person's promotion, say), and switches by what it reads there. It reads in a group of its own, from the end; the
/// registry tells what was before, and stays the fallback.
/// </summary>
internal sealed class ModelEventsLink : IAsyncDisposable
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Again = TimeSpan.FromSeconds(15);

    private readonly CliContext _context;
    private readonly TopologyDefinition _topology;
    private readonly ServingModels _serving;
    private readonly EventPublisher _publisher;
    private readonly CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;

    private ModelEventsLink(CliContext context, TopologyDefinition topology, ServingModels serving, IMessageProducer producer)
    {
        (_context, _topology, _serving) = (context, topology, serving);
        _publisher = new EventPublisher(serving.Registry!, topology, serving.View.Name, producer);
    }

    /// <summary>Starts both. The topic must be there.</summary>
    public static ModelEventsLink Start(CliContext context, TopologyDefinition topology, ServingModels serving, IMessageProducer producer)
    {
        var link = new ModelEventsLink(context, topology, serving, producer);
        link._running = Task.WhenAll(Task.Run(link.PassOnAsync), Task.Run(link.FollowAsync));
        return link;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        await _publisher.DisposeAsync();
        _stop.Dispose();
    }

    private Task PassOnAsync() => UntilStoppedAsync("model_events_not_written", "decisions about models could not be passed on", async () =>
    {
        await _publisher.PublishAsync(_stop.Token);
        await Task.Delay(Look, _context.Time, _stop.Token);
    });

    private Task FollowAsync() => UntilStoppedAsync("model_events_unreadable", "decisions about models could not be followed on their topic; the registry is looked at instead", async () =>
    {
        var source = new KafkaMessageSource(new KafkaSourceOptions
        {
            Client = _topology.Source.Kafka,
            Topics = [_topology.Retraining.EventsTopic],
            // Every process must hear everything, so none shares a group.
            Group = $"{_topology.Source.Group}.models.{Guid.NewGuid():n}",
            Start = KafkaStart.Latest,
            OnNotice = _context.Tell,
            Time = _context.Time,
        });
        await using (source)
            await new ModelEventFollower(source, _serving.View, _serving.Registry!, async token => await _serving.SwitchAsync(token)).RunAsync(_stop.Token);
    });

    private async Task UntilStoppedAsync(string code, string what, Func<Task> action)
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await action();
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error) when (error is StreamingException or IOException)
            {
                _context.Tell(new Notice(NoticeLevel.Warning, code, $"{what}: {error.Message}"));
                await Task.Delay(Again, _context.Time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }
}
