using Streaming.Adapters.Sqlite;
using Streaming.Cli.CommandLine;
using Streaming.Cli.Composition;
using Streaming.Core.Messaging;
using Streaming.Core.Topology;
using Streaming.Learning.Retraining;

namespace Streaming.Cli.Retraining;

/// <summary>Retraining in the process that serves, on a task and a thread of its own, with the embedded store's labels.</summary>
internal sealed class RetrainHost : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly EventPublisher _publisher;
    private Task _running = Task.CompletedTask;

    private RetrainHost(EventPublisher publisher) => _publisher = publisher;

    /// <summary>Told of every retraining that ends, after the swap.</summary>
    public Func<RetrainOutcome, CancellationToken, ValueTask>? Ended { get; set; }

    /// <summary>Starts to watch.</summary>
    public static RetrainHost Start(CliContext context, CompiledTopology topology, EmbeddedStore store, ServingModels serving, IMessageProducer producer)
    {
        var name = serving.Bundle.Manifest.Name;
        var host = new RetrainHost(new EventPublisher(serving.Registry!, topology.Definition, name, producer));
        var cycle = RetrainSetup.Cycle(context, topology, RetrainSetup.Plan(topology, name), serving.Registry!, store.Samples, store.Search);
        var service = new RetrainService(context, topology, cycle, store.Search)
        {
            Ended = async (outcome, cancellationToken) =>
            {
                await serving.CheckAsync(cancellationToken);
                await host._publisher.PublishAsync(cancellationToken);
                if (host.Ended is { } ended)
                    await ended(outcome, cancellationToken);
            },
        };
        host._running = Task.Run(() => service.RunAsync(host._stop.Token), CancellationToken.None);
        return host;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        await _publisher.DisposeAsync();
        _stop.Dispose();
    }
}
