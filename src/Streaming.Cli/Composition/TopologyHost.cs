using Streaming.Adapters.Elasticsearch;
using Streaming.Adapters.Kafka;
using Streaming.Adapters.Sqlite;
using Streaming.Adapters.Sqlite.Log;
using Streaming.Cli.CommandLine;
using Streaming.Cli.Labelling;
using Streaming.Cli.Retraining;
using Streaming.Core;
using Streaming.Core.Engine;
using Streaming.Core.Labelling;
using Streaming.Core.Messaging;
using Streaming.Core.Models;
using Streaming.Core.Search;
using Streaming.Core.Sinks;
using Streaming.Core.Telemetry;
using Streaming.Core.Topology;
using Streaming.Learning.Labelling;
using Streaming.Learning.Selection;

namespace Streaming.Cli.Composition;

/// <summary>
/// Builds everything a topology needs, from what it names: embedded log or Kafka, embedded index or Elasticsearch, one model.
/// Lives as long as the process serves the topology; each start of the engine gets a fresh source from it.
/// </summary>
internal sealed class TopologyHost : IAsyncDisposable
{
    private readonly CliContext _context;
    private readonly CompiledTopology _compiled;
    private readonly TopologyDefinition _topology;
    private readonly bool _stopAtEnd;
    private readonly Stack<IAsyncDisposable> _owned = new();
    private BatchingOptions _batching;
    private IDocumentSink? _sink;
    private IDeadLetterSink? _letters;
    private ILabelRequestSink? _requests;
    private KafkaMessageSource? _kafka;

    private TopologyHost(CliContext context, CompiledTopology topology, bool stopAtEnd)
    {
        _context = context;
        _compiled = topology;
        _topology = topology.Definition;
        _batching = topology.Definition.Batching;
        _stopAtEnd = stopAtEnd;
    }

    /// <summary>The embedded store; null when log and index both lie elsewhere.</summary>
    public EmbeddedStore? Store { get; private set; }

    /// <summary>Requests for labels, and labels; null where there is no place for them: on Kafka, unless the topology labels.</summary>
    public ISampleStore? Samples { get; private set; }

    /// <summary>Appends to the source's log.</summary>
    public IMessageProducer? Producer { get; private set; }

    /// <summary>Where this topology puts documents.</summary>
    public IDocumentSink? Sink => _sink;

    /// <summary>Finds documents where this topology puts them.</summary>
    public ISearchIndex? Search { get; private set; }

    /// <summary>The model in force, and what follows its channel.</summary>
    public ServingModels? Serving { get; private set; }

    /// <summary>Hands out the model in force.</summary>
    public IModelSource? Models => Serving?.Source;

    /// <summary>The model's identity, once loaded.</summary>
    public ModelIdentity? Identity => Serving?.Identity;

    /// <summary>Chooses documents to be labelled; null when the topology does not label.</summary>
    public SampleSelector? Selector { get; private set; }

    /// <summary>Retraining beside serving; null when the topology does not retrain here.</summary>
    public RetrainHost? Retraining { get; private set; }

    /// <summary>What the pipeline has done since the start.</summary>
    public PipelineProgress Progress { get; } = new();

    /// <summary>Null when ready; otherwise what is missing.</summary>
    public string? NotReadyBecause =>
        !Progress.IsStarted ? "the source has not started"
        : _kafka is { AssignedPartitions: 0 } ? "no partition is assigned yet"
        : null;

    /// <summary>Builds, checks dependencies, and warms the model up.</summary>
    public static async Task<TopologyHost> StartAsync(
        CliContext context, string? data, CompiledTopology topology, bool stopAtEnd, CancellationToken cancellationToken)
    {
        var host = new TopologyHost(context, topology, stopAtEnd);
        try
        {
            await host.BuildAsync(data, cancellationToken);
            return host;
        }
        catch
        {
            await host.DisposeAsync();
            throw;
        }
    }

    /// <summary>A pipeline with a fresh source, for one run of the engine.</summary>
    public ValueTask<PipelineInstance> CreatePipelineAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var source = CreateSource();
        // A sink that commits the source's offsets lives and dies with it.
        var transactional = _topology.Sink.IsExactlyOnce ? CreateTransactionalSink((KafkaMessageSource)source) : null;
        var pipeline = new Pipeline
        {
            Topology = _topology.Name,
            Source = source,
            Sink = transactional ?? _sink!,
            DeadLetters = transactional ?? _letters!,
            Models = Models!,
            Selector = Selector,
            Requests = _requests,
            Enrichment = _topology.Enrichment,
            Batching = _batching,
            Progress = Progress,
            Delivery = Delivery(_topology.Sink),
            Notify = notice => _context.Tell(new Notice(notice.Kind == PipelineNoticeKind.DependencyBack ? NoticeLevel.Information : NoticeLevel.Warning, notice.Code, notice.Message)),
            Time = _context.Time,
        };
        return ValueTask.FromResult(new PipelineInstance(pipeline, DisposeAsync));

        async ValueTask DisposeAsync()
        {
            if (transactional is not null)
                await transactional.DisposeAsync();
            await source.DisposeAsync();
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        while (_owned.TryPop(out var part))
            await part.DisposeAsync();
    }

    private async Task BuildAsync(string? data, CancellationToken cancellationToken)
    {
        var embedded = !_topology.Source.UsesKafka || !(_topology.Sink.UsesElasticsearch || _topology.Sink.UsesKafka);
        if (embedded)
            Store = Own(await DataFolder.OpenStoreAsync(_context, data, cancellationToken, new EmbeddedStoreOptions { MaxAttempts = _topology.DeadLetters.MaxAttempts }));
        await BuildSinkAsync(cancellationToken);
        await BuildProducerAsync(cancellationToken);
        await BuildSamplesAsync(data, cancellationToken);
        if (_topology.Labelling.Enabled)
            await BuildSelectionAsync(cancellationToken);
        if (Store is not null && !_topology.Source.UsesKafka)
        {
            foreach (var topic in _topology.Source.Topics)
                await EnsureTopicAsync(Store, topic, cancellationToken);
        }

        Serving = Own(await ServingModels.StartAsync(_context, data, _topology, cancellationToken));
        Serving.Swapped = (_, token) => RegisterAsync(token);
        if (Serving.Registry is not null && Producer is KafkaMessageProducer producer)
        {
            await EnsureTopicAsync(producer, _topology.Retraining.EventsTopic, "decisions about models", cancellationToken);
            Own(ModelEventsLink.Start(_context, _topology, Serving, producer));
        }
        else if (Serving.Registry is { } registry)
        {
            Serving.Decided = new EventPublisher(registry, _topology, Serving.View.Name, Producer!).PublishAsync;
        }

        using (var lease = Serving.Source.Acquire())
            _batching = await BatchTuning.ApplyAsync(_context, data, _topology.Batching, lease.Model.Runner, Serving.Bundle.Manifest.Encoder.Sha256, cancellationToken);
        await RegisterAsync(cancellationToken);
        LoadGarbage.Collect();

        // Over Kafka, labels come together in the process that retrains: `streaming retrain --watch`.
        if (_topology.Retraining.Enabled && !_topology.Source.UsesKafka)
            Retraining = Own(RetrainHost.Start(_context, _compiled, Store!, Serving, Producer!));
    }

    private async ValueTask RegisterAsync(CancellationToken cancellationToken)
    {
        if (Store is null)
            return;
        await Store.RegisterTopologyAsync(
            _topology.Name, _topology.Source.Group, _topology.Source.UsesKafka ? [] : _topology.Source.Topics, Serving!.Identity.Name, Serving.Identity.Version, cancellationToken);
    }

    private async Task BuildSinkAsync(CancellationToken cancellationToken)
    {
        if (_topology.Sink.UsesElasticsearch)
        {
            var options = new ElasticsearchOptions
            {
                Urls = _topology.Sink.Urls,
                Alias = _topology.Sink.Index,
                ApiKey = _topology.Sink.ApiKey,
                Username = _topology.Sink.Username,
                Password = _topology.Sink.Password,
                CaFile = _topology.Sink.CaFile,
                MaxBulkDocuments = _topology.Sink.MaxBulkDocuments,
                MaxBulkBytes = _topology.Sink.MaxBulkBytes,
                MaxConcurrentBulks = _topology.Sink.MaxConcurrentBulks,
                OnNotice = _context.Tell,
                Time = _context.Time,
            };
            var sink = Own(new ElasticsearchSink(options));
            await sink.StartAsync(cancellationToken);
            _sink = sink;
            Search = new ElasticsearchSearchIndex(options);
        }
        else if (!_topology.Sink.UsesKafka)
        {
            var sink = Store!.CreateSink(_topology.Name, _topology.Source.Group, _topology.Labelling.Enabled ? _topology.Labelling.Topic : null);
            _sink = _topology.Source.UsesKafka ? new PlainSink(sink) : sink;
            Search = Store.Search;
        }
    }

    private async Task BuildProducerAsync(CancellationToken cancellationToken)
    {
        if (_topology.Source.UsesKafka)
        {
            var producer = Own(new KafkaMessageProducer(new KafkaProducerOptions { Client = _topology.Source.Kafka, OnNotice = _context.Tell, Time = _context.Time }));
            await EnsureTopicAsync(producer, _topology.DeadLetters.Topic, "dead letters", cancellationToken);
            if (_topology.Labelling.Enabled)
            {
                await EnsureTopicAsync(producer, _topology.Labelling.Topic, "requests for labels", cancellationToken);
                await EnsureTopicAsync(producer, _topology.Labelling.LabelledTopic, "labels", cancellationToken);
            }

            if (_topology.Sink.EnrichedTopic is { } enriched)
            {
                await EnsureTopicAsync(producer, enriched, "enriched documents", cancellationToken);
                _sink = _sink is null ? new KafkaDocumentSink(producer, enriched) : new CopyingSink(_sink, new KafkaDocumentSink(producer, enriched), _context.Tell);
            }

            Producer = producer;
            _letters = new KafkaDeadLetterSink(producer, _topology.DeadLetters.Topic, _context.Tell, _context.Time);
        }
        else
        {
            Producer = Store!.CreateProducer();
            _letters = _sink as IDeadLetterSink ?? Store.CreateSink(_topology.Name, _topology.Source.Group);
        }
    }

    // On Kafka the store is a view of the topics, which every process has for itself.
    private async Task BuildSamplesAsync(string? data, CancellationToken cancellationToken)
    {
        Samples = Store?.Samples;
        if (!_topology.Labelling.Enabled || !_topology.Source.UsesKafka)
            return;
        var store = Store ?? Own(await DataFolder.OpenStoreAsync(_context, data, cancellationToken));
        Samples = Own(CollectedSamples.Start(_context, DataFolder.Resolve(_context, data), _topology, store.Samples, Producer!)).Samples;
    }

    // What was chosen before is remembered, so that a restart neither repeats itself nor forgets what it has spent.
    private async Task BuildSelectionAsync(CancellationToken cancellationToken)
    {
        var options = SelectionOptions.From(_topology);
        Selector = new SampleSelector(options, _context.Time);
        if (_sink is not ITransactionalSink)
            _requests = Samples as TopicSampleStore ?? new TopicSampleStore(Producer!, _topology.Labelling.Topic, _topology.Labelling.LabelledTopic, Samples!);
        var recent = await Samples!.ListRequestsAsync(new RequestQuery { Topology = _topology.Name, NewestFirst = true, Size = 10_000 }, cancellationToken);
        Selector.Remember(recent.Reverse().Select(static stored => stored.Request));
    }

    // These topics are the product's own: nobody should have to make a place for them beforehand.
    private async Task EnsureTopicAsync(KafkaMessageProducer producer, string topic, string what, CancellationToken cancellationToken)
    {
        try
        {
            await producer.CheckAsync([topic], cancellationToken);
        }
        catch (StreamingException error) when (error.Code == "kafka_topic_missing")
        {
            await using var admin = new KafkaAdmin(_topology.Source.Kafka, _context.Time);
            var made = await admin.CreateTopicsAsync([new KafkaTopic(topic, 1, (short)_topology.Source.ReplicationFactor)], cancellationToken);
            if (made.Count > 0)
                _context.Tell(new Notice(NoticeLevel.Information, "topic_created", $"made the topic {topic} for {what}"));
        }
    }

    // One write fills every bulk request that may be in flight.
    private static DeliveryOptions Delivery(SinkSettings sink) => sink.UsesElasticsearch
        ? new DeliveryOptions { MaxWriteSize = Math.Clamp(sink.MaxBulkDocuments * sink.MaxConcurrentBulks, 1, 10_000) }
        : new DeliveryOptions();

    private IMessageSource CreateSource()
    {
        if (!_topology.Source.UsesKafka)
        {
            return Store!.CreateSource(new EmbeddedSourceOptions
            {
                Group = _topology.Source.Group,
                Topics = _topology.Source.Topics,
                StopAtEnd = _stopAtEnd,
            });
        }

        return _kafka = new KafkaMessageSource(new KafkaSourceOptions
        {
            Client = _topology.Source.Kafka,
            Topics = _topology.Source.Topics,
            Group = _topology.Source.Group,
            Start = _topology.Source.Start == StartPosition.Latest ? KafkaStart.Latest : KafkaStart.Earliest,
            OnNotice = _context.Tell,
            Time = _context.Time,
        });
    }

    private KafkaTransactionalSink CreateTransactionalSink(KafkaMessageSource source) => new(source, new KafkaTransactionOptions
    {
        Client = _topology.Source.Kafka,
        Group = _topology.Source.Group,
        Topic = _topology.Sink.EnrichedTopic!,
        DeadLetterTopic = _topology.DeadLetters.Topic,
        LabelTopic = _topology.Labelling.Enabled ? _topology.Labelling.Topic : null,
        OnNotice = _context.Tell,
        Time = _context.Time,
    });

    // A topic that is there already keeps its partitions, whatever the topology would have made.
    private async Task EnsureTopicAsync(EmbeddedStore store, string topic, CancellationToken cancellationToken)
    {
        try
        {
            await store.EnsureTopicAsync(topic, _topology.Source.Partitions, cancellationToken);
        }
        catch (StreamingException error) when (error.Code == "topic_partitions_differ")
        {
        }
    }

    private T Own<T>(T part)
        where T : IAsyncDisposable
    {
        _owned.Push(part);
        return part;
    }
}
