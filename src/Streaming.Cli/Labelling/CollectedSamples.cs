using System.Text;
using Streaming.Adapters.Kafka;
using Streaming.Adapters.Sqlite;
using Streaming.Cli.CommandLine;
using Streaming.Cli.Composition;
using Streaming.Core.Labelling;
using Streaming.Core.Messaging;
using Streaming.Core.Topology;
using Streaming.Learning.Labelling;

namespace Streaming.Cli.Labelling;

/// <summary>
/// The sample store of a process that serves on Kafka: the one of its data folder, fed from the topics of requests and labels, whoever
/// wrote them; what is said here goes to the topics first. So people can label on the page of any process, and whoever trains hears.
/// </summary>
internal sealed class CollectedSamples : IAsyncDisposable
{
    private const string IdentityFile = "samples.id";

    private readonly BackgroundWork _collecting;

    private CollectedSamples(TopicSampleStore samples, BackgroundWork collecting) => (Samples, _collecting) = (samples, collecting);

    /// <summary>Requests and labels.</summary>
    public TopicSampleStore Samples { get; }

    /// <summary>Starts to collect. The topics must be there.</summary>
    /// <param name="context">The world.</param>
    /// <param name="folder">The data folder.</param>
    /// <param name="topology">The topology.</param>
    /// <param name="store">The store in the data folder; other processes may share it.</param>
    /// <param name="producer">Writes to the topics.</param>
    public static CollectedSamples Start(CliContext context, string folder, TopologyDefinition topology, ISampleStore store, IMessageProducer producer)
    {
        // Processes that share a store share the reading; another store is fed on its own, from the beginning.
        var group = $"{topology.Source.Group}.samples.{Identity(folder)}";
        var collecting = BackgroundWork.Start(context, "labels_not_collected", "requests for labels, and labels, could not be collected from their topics", stop => CollectAsync(context, topology, group, store, stop));
        return new CollectedSamples(new TopicSampleStore(producer, topology.Labelling.Topic, topology.Labelling.LabelledTopic, store), collecting);
    }

    /// <summary>Brings both topics into a store until told to stop.</summary>
    public static async Task CollectAsync(CliContext context, TopologyDefinition topology, string group, ISampleStore store, CancellationToken stop)
    {
        await using var source = KafkaTopics.Source(context, topology, group, KafkaStart.Earliest, topology.Labelling.Topic, topology.Labelling.LabelledTopic);
        await new SampleCollector(source, topology.Labelling.Topic, store, context.Time, context.Tell).RunAsync(stop);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _collecting.DisposeAsync();

    // Beside the store, so that both are deleted together: a new store must not go on where another one was.
    private static string Identity(string folder)
    {
        var path = Path.Combine(folder, IdentityFile);
        try
        {
            using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1);
            file.Write(Encoding.ASCII.GetBytes(Guid.NewGuid().ToString("n")));
        }
        catch (IOException) when (File.Exists(path))
        {
            // It is known.
        }

        return File.ReadAllText(path).Trim();
    }
}
