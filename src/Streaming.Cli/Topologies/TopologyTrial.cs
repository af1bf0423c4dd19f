using Streaming.Cli.Composition;
using Streaming.Contracts;
using Streaming.Core.Engine;
using Streaming.Core.Messaging;
using Streaming.Core.Models;
using Streaming.Core.Sinks;
using Streaming.Core.Topology;
using Streaming.Core.Topology.Testing;

namespace Streaming.Cli.Topologies;

/// <summary>Takes single messages through a topology on the engine that runs it in earnest; nothing is kept.</summary>
internal sealed class TopologyTrial(TopologyDefinition topology, IEnrichmentModel model, TimeProvider time)
{
    /// <summary>What the topology makes of one message.</summary>
    public async ValueTask<TopologyTestOutcome> AnalyseAsync(ReadOnlyMemory<byte> value, CancellationToken cancellationToken)
    {
        var place = new TopicPartition(topology.Source.Topics[0].TrimStart('^'), 0);
        await using var source = new OneMessage(new SourceMessage { Partition = place, Offset = 0, Value = value, Timestamp = time.GetUtcNow() });
        await using var sink = new Catch();
        var progress = new PipelineProgress();
        var pipeline = new Pipeline
        {
            Topology = topology.Name,
            Source = source,
            Sink = sink,
            DeadLetters = sink,
            Models = new FixedModelSource(model),
            Enrichment = topology.Enrichment,
            Batching = topology.Batching with { MaxQueueDelay = TimeSpan.Zero },
            Delivery = new DeliveryOptions { LagInterval = TimeSpan.Zero },
            Progress = progress,
            Time = time,
        };
        await Engines.Create(null).RunAsync(pipeline, CancellationToken.None, cancellationToken);
        if (sink.Document is { } document)
            return new TopologyTestOutcome(TopologyTestVerdict.Indexed, document);
        if (sink.Letter is { } letter)
            return new TopologyTestOutcome(TopologyTestVerdict.DeadLettered, Code: letter.Code);
        return progress.Snapshot().Outcomes.Filtered == 1
            ? new TopologyTestOutcome(TopologyTestVerdict.Filtered)
            : throw new InvalidOperationException("A message came to no end; this is a bug.");
    }

    private sealed class OneMessage(SourceMessage message) : IMessageSource
    {
        private bool _given;

        public ValueTask StartAsync(IAssignmentListener listener, CancellationToken cancellationToken)
        {
            listener.OnAssigned([new PartitionCommit(message.Partition, 0)], message.Epoch);
            return default;
        }

        public ValueTask<IReadOnlyList<SourceMessage>> ReadAsync(int maxMessages, long maxBytes, CancellationToken cancellationToken)
        {
            IReadOnlyList<SourceMessage> messages = _given ? [] : [message];
            _given = true;
            return new(messages);
        }

        public ValueTask CommitAsync(IReadOnlyList<PartitionCommit> commits, CancellationToken cancellationToken) => default;

        public ValueTask<SourceLag> GetLagAsync(CancellationToken cancellationToken) => new(new SourceLag(_given ? 0 : 1, null));

        public ValueTask DisposeAsync() => default;
    }

    private sealed class Catch : IDocumentSink, IDeadLetterSink
    {
        public EnrichedDocument? Document { get; private set; }

        public DeadLetter? Letter { get; private set; }

        public ValueTask<IReadOnlyList<SinkResult>> WriteAsync(IReadOnlyList<DocumentWrite> writes, CancellationToken cancellationToken)
        {
            Document = writes[^1].Document;
            return new(writes.Select(static _ => new SinkResult(SinkStatus.Applied)).ToArray());
        }

        public ValueTask WriteAsync(IReadOnlyList<DeadLetter> letters, CancellationToken cancellationToken)
        {
            Letter = letters[^1];
            return default;
        }

        public ValueTask DisposeAsync() => default;
    }
}
