using System.Diagnostics;
using System.Diagnostics.Metrics;
using Streaming.Core.Models;
using Streaming.Core.Sinks;

namespace Streaming.Core.Telemetry;

/// <summary>
/// Every measurement of a pipeline: meter <c>Streaming</c>, OpenTelemetry names and units, one set for each topology.
/// Disposing ends the gauges; counters a listener has taken stay with it.
/// </summary>
public sealed class PipelineTelemetry : IDisposable
{
    /// <summary>Name of the meter.</summary>
    public const string MeterName = "Streaming";

    /// <summary>Name of .NET's own meter: memory, processor time, collections, by OpenTelemetry's conventions.</summary>
    public const string RuntimeMeterName = "System.Runtime";

    private readonly Meter _meter = new(MeterName);
    private readonly KeyValuePair<string, object?> _topology;
    private readonly Counter<long> _read, _documents, _deadLetters, _retries, _restarts, _tokens, _padding, _dropped, _superseded, _shared, _requests, _requestsLost;
    private readonly Histogram<int> _batchSize;
    private readonly Histogram<long> _batchTokens;
    private readonly Histogram<double> _waste, _queue, _tokenize, _infer, _decode, _sink, _commit, _latency;
    private long _lagMessages = -1, _lagAge = -1;
    private ModelIdentity? _model;

    /// <summary>The measurements of one topology.</summary>
    public PipelineTelemetry(string topology)
    {
        _topology = new("streaming.topology", topology);
        _read = _meter.CreateCounter<long>("streaming.messages.read", "{message}", "Messages read, replays included");
        _documents = _meter.CreateCounter<long>("streaming.documents", "{document}", "Messages that ended, by outcome");
        _deadLetters = _meter.CreateCounter<long>("streaming.dead_letters", "{message}", "Dead letters, by error code");
        _retries = _meter.CreateCounter<long>("streaming.dependency.retries", "{attempt}", "Calls tried again because a dependency was away, by error code");
        _restarts = _meter.CreateCounter<long>("streaming.pipeline.restarts", "{restart}", "Starts of the engine after a failure");
        _dropped = _meter.CreateCounter<long>("streaming.messages.fenced", "{message}", "Results dropped because their partition had gone");
        _superseded = _meter.CreateCounter<long>("streaming.documents.superseded", "{document}", "Writes answered with a newer or equal version");
        _shared = _meter.CreateCounter<long>("streaming.documents.shared", "{document}", "Documents that took the result of an exact duplicate");
        _requests = _meter.CreateCounter<long>("streaming.label.requests", "{request}", "Documents chosen to be labelled, by reason");
        _requestsLost = _meter.CreateCounter<long>("streaming.label.requests.lost", "{request}", "Documents chosen to be labelled whose request could not be passed on");
        _tokens = _meter.CreateCounter<long>("streaming.tokens", "{token}", "Tokens through the model, padding not counted");
        _padding = _meter.CreateCounter<long>("streaming.tokens.padding", "{token}", "Token places that were padding");
        _batchSize = _meter.CreateHistogram<int>("streaming.batch.size", "{sequence}", "Sequences a batch", advice: Buckets<int>(1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024));
        _batchTokens = _meter.CreateHistogram<long>("streaming.batch.tokens", "{token}", "Token places a batch", advice: Buckets<long>(32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 65536));
        _waste = _meter.CreateHistogram<double>("streaming.batch.padding_waste", "1", "Share of a batch's token places that is padding", advice: Buckets(0, .01, .02, .03, .05, .1, .2, .5));
        _queue = Seconds("streaming.queue.duration", "From reading a batch's oldest document to its turn at the model");
        _tokenize = Seconds("streaming.tokenize.duration", "Decoding and preparing, a chunk of messages");
        _infer = Seconds("streaming.infer.duration", "One pass of the model");
        _decode = Seconds("streaming.decode.duration", "Heads and decoding, a batch");
        _sink = Seconds("streaming.sink.duration", "One acknowledged write to the sink and the dead letters");
        _commit = Seconds("streaming.commit.duration", "One commit of offsets");
        _latency = Seconds("streaming.document.duration", "From read to acknowledged");
        _meter.CreateObservableGauge("streaming.consumer.lag", () => Gauge(Interlocked.Read(ref _lagMessages), 1), "{message}", "Messages not yet committed");
        _meter.CreateObservableGauge("streaming.consumer.lag.duration", () => Gauge(Interlocked.Read(ref _lagAge), 1_000), "s", "Age of the oldest message not yet committed");
        _meter.CreateObservableGauge("streaming.model.info", ModelInfo, null, "1, with the model's name and version");
    }

    /// <summary>Measures what is held, whenever somebody looks.</summary>
    public void Observe(Func<int> documents, Func<long> bytes, Func<TimeSpan?> oldest)
    {
        _meter.CreateObservableGauge("streaming.in_flight.documents", () => new Measurement<long>(documents(), _topology), "{document}", "Documents between read and acknowledged");
        _meter.CreateObservableGauge("streaming.in_flight.size", () => new Measurement<long>(bytes(), _topology), "By", "Bytes of those documents' messages");
        _meter.CreateObservableGauge(
            "streaming.unacknowledged.age",
            () => new Measurement<double>(oldest()?.TotalSeconds ?? 0, _topology),
            "s",
            "Age of the oldest document not yet acknowledged");
    }

    /// <summary>Messages came in.</summary>
    public void Read(int messages) => _read.Add(messages, _topology);

    /// <summary>Messages ended.</summary>
    public void Ended(OutcomeCounts counts)
    {
        Add("indexed", counts.Indexed);
        Add("dead_lettered", counts.DeadLettered);
        Add("filtered", counts.Filtered);
        Add("deleted", counts.Deleted);

        void Add(string outcome, long count)
        {
            if (count > 0)
                _documents.Add(count, _topology, new("streaming.outcome", outcome));
        }
    }

    /// <summary>A message was given up.</summary>
    public void DeadLettered(string code) => _deadLetters.Add(1, _topology, new("error.type", code));

    /// <summary>So many writes found a newer or equal version.</summary>
    public void Superseded(int writes) => _superseded.Add(writes, _topology);

    /// <summary>So many documents took the result of an exact duplicate.</summary>
    public void Shared(int documents) => _shared.Add(documents, _topology);

    /// <summary>A result came too late: its partition had gone.</summary>
    public void Fenced() => _dropped.Add(1, _topology);

    /// <summary>A document was chosen to be labelled.</summary>
    public void LabelRequested(string reason) => _requests.Add(1, _topology, new("streaming.reason", reason));

    /// <summary>Requests for labels were given up.</summary>
    public void LabelRequestsLost(int requests) => _requestsLost.Add(requests, _topology);

    /// <summary>A dependency was away.</summary>
    public void Retried(string code) => _retries.Add(1, _topology, new("error.type", code));

    /// <summary>The engine starts again.</summary>
    public void Restarted() => _restarts.Add(1, _topology);

    /// <summary>A batch goes to the model.</summary>
    public void Batch(int size, long tokens, long padded)
    {
        _batchSize.Record(size, _topology);
        _batchTokens.Record(padded, _topology);
        _waste.Record(padded == 0 ? 0 : (double)(padded - tokens) / padded, _topology);
        _tokens.Add(tokens, _topology);
        _padding.Add(padded - tokens, _topology);
    }

    /// <summary>A batch's oldest document took so long from being read to its turn at the model.</summary>
    public void Queued(TimeSpan wait) => _queue.Record(wait.TotalSeconds, _topology);

    /// <summary>A chunk was decoded and prepared.</summary>
    public void Tokenized(TimeSpan took) => _tokenize.Record(took.TotalSeconds, _topology);

    /// <summary>A pass of the model.</summary>
    public void Inferred(TimeSpan took) => _infer.Record(took.TotalSeconds, _topology);

    /// <summary>Heads and decoding of a batch.</summary>
    public void Decoded(TimeSpan took) => _decode.Record(took.TotalSeconds, _topology);

    /// <summary>A write was acknowledged.</summary>
    public void Written(TimeSpan took) => _sink.Record(took.TotalSeconds, _topology);

    /// <summary>Offsets were committed.</summary>
    public void Committed(TimeSpan took) => _commit.Record(took.TotalSeconds, _topology);

    /// <summary>A document is acknowledged.</summary>
    public void Acknowledged(TimeSpan sinceRead) => _latency.Record(sinceRead.TotalSeconds, _topology);

    /// <summary>The lag was measured.</summary>
    public void Lag(Messaging.SourceLag lag)
    {
        Interlocked.Exchange(ref _lagMessages, lag.Messages);
        Interlocked.Exchange(ref _lagAge, lag.Age is { } age ? (long)age.TotalMilliseconds : lag.Messages == 0 ? 0 : -1);
    }

    /// <summary>This model is in force.</summary>
    public void Model(ModelIdentity identity) => Volatile.Write(ref _model, identity);

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    private IEnumerable<Measurement<double>> Gauge(long value, double divisor) =>
        value < 0 ? [] : [new Measurement<double>(value / divisor, _topology)];

    private IEnumerable<Measurement<long>> ModelInfo() => Volatile.Read(ref _model) is { } model
        ? [new Measurement<long>(1, _topology, new("streaming.model.name", model.Name), new("streaming.model.version", model.Version))]
        : [];

    private Histogram<double> Seconds(string name, string description) =>
        _meter.CreateHistogram(name, "s", description, advice: Buckets(.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30));

    private static InstrumentAdvice<T> Buckets<T>(params T[] bounds)
        where T : struct => new() { HistogramBucketBoundaries = bounds };
}
