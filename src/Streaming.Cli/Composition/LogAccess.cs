using Streaming.Adapters.Kafka;
using Streaming.Adapters.Sqlite;
using Streaming.Cli.CommandLine;
using Streaming.Core.Messaging;
using Streaming.Core.Topology;

namespace Streaming.Cli.Composition;

/// <summary>A log to write to: the embedded one, or Kafka where a topology reads from there.</summary>
internal sealed class LogAccess : IAsyncDisposable
{
    private readonly EmbeddedStore? _store;

    private LogAccess(IMessageProducer producer, EmbeddedStore? store) => (Producer, _store) = (producer, store);

    /// <summary>Appends messages.</summary>
    public IMessageProducer Producer { get; }

    /// <summary>Opens it.</summary>
    /// <param name="context">The world.</param>
    /// <param name="data">The data folder, when told.</param>
    /// <param name="topology">Whose source to write to; null: the embedded log.</param>
    /// <param name="topic">Topic that must be there.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<LogAccess> OpenAsync(CliContext context, string? data, TopologyDefinition? topology, string topic, CancellationToken cancellationToken)
    {
        if (topology is { Source.UsesKafka: true })
        {
            var producer = new KafkaMessageProducer(new KafkaProducerOptions
            {
                Client = topology.Source.Kafka,
                OnNotice = context.Tell,
                Time = context.Time,
            });
            try
            {
                await producer.CheckAsync([topic], cancellationToken);
                return new LogAccess(producer, null);
            }
            catch
            {
                await producer.DisposeAsync();
                throw;
            }
        }

        var store = await DataFolder.OpenStoreAsync(context, data, cancellationToken);
        return new LogAccess(store.CreateProducer(), store);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Producer.DisposeAsync();
        if (_store is not null)
            await _store.DisposeAsync();
    }
}
