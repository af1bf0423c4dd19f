using Streaming.Adapters.Kafka;
using Streaming.Cli.CommandLine;
using Streaming.Core.Messaging;

namespace Streaming.Cli.Benchmarks;

/// <summary>Low load: so many messages a second, and how long each takes from being produced to being acknowledged.</summary>
internal sealed record LatencyRun
{
    /// <summary>What the issue of a late document is measured against: queue delay and one inference, and so much for everything else.</summary>
    public const double AllowanceMilliseconds = 20;

    public required string File { get; init; }

    public required int PerSecond { get; init; }

    public required int Seconds { get; init; }

    /// <summary>Measures.</summary>
    public async Task<LatencyResult> RunAsync(
        PipelineBenchmark benchmark, IBenchSource source, BenchSink sink, TimeProvider time, ProgressLine progress, CancellationToken cancellationToken)
    {
        var count = (long)PerSecond * Seconds;
        var log = new LatencyLog(count, time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        IMessageSource messages;
        Task producing = Task.CompletedTask;
        if (source is KafkaBenchSource kafka)
        {
            await kafka.MakeTopicAsync(cancellationToken);
            messages = kafka.Open();
            producing = ProduceAsync(kafka, (KafkaMessageSource)messages, count, log, time, progress, stop.Token);
        }
        else
        {
            messages = new PacedSource(File, PerSecond, log, time);
        }

        try
        {
            var round = await benchmark.RunAsync(
                messages, count, new AcknowledgingSink(await sink.OpenAsync(cancellationToken), log.Leave), sink.Delivery, PipelineVariant.All, cancellationToken);
            await producing;
            return new LatencyResult(round, log.Milliseconds(), benchmark.Batching.MaxQueueDelay.TotalMilliseconds);
        }
        finally
        {
            await stop.CancelAsync();
        }
    }

    private async Task ProduceAsync(
        KafkaBenchSource kafka, KafkaMessageSource reader, long count, LatencyLog log, TimeProvider time, ProgressLine progress, CancellationToken cancellationToken)
    {
        using var messages = new NumberedMessages(File);
        await using var producer = new KafkaMessageProducer(new KafkaProducerOptions { Client = new Dictionary<string, string>(kafka.Client) { ["linger.ms"] = "0" }, Time = time });
        await producer.CheckAsync([kafka.Topic], cancellationToken);
        while (reader.AssignedPartitions < KafkaBenchSource.Partitions)
            await Task.Delay(TimeSpan.FromMilliseconds(50), time, cancellationToken);
        var started = time.GetTimestamp();
        var sending = new List<Task>();
        for (long number = 0; number < count; number++)
        {
            var wait = TimeSpan.FromSeconds((double)number / PerSecond) - time.GetElapsedTime(started);
            if (wait > TimeSpan.Zero)
                await Task.Delay(wait, time, cancellationToken);
            log.Enter(number);
            sending.Add(producer.ProduceAsync(kafka.Topic, [new OutgoingMessage { Value = messages.Next() }], cancellationToken).AsTask());
            progress.Report("low load", number, count);
        }

        await Task.WhenAll(sending);
    }
}

/// <summary>What low load showed.</summary>
/// <param name="Round">The run.</param>
/// <param name="Milliseconds">From produced to acknowledged, ascending.</param>
/// <param name="QueueDelayMilliseconds"><c>max_queue_delay</c>.</param>
internal sealed record LatencyResult(PipelineRound Round, double[] Milliseconds, double QueueDelayMilliseconds)
{
    /// <summary>One inference, on average.</summary>
    public double InferenceMilliseconds => Round.InferenceSeconds * 1_000;

    /// <summary>What the 99th percentile should stay within.</summary>
    public double BoundMilliseconds => QueueDelayMilliseconds + InferenceMilliseconds + LatencyRun.AllowanceMilliseconds;

    /// <summary>The 99th percentile.</summary>
    public double P99 => LatencyLog.Quantile(Milliseconds, 0.99);
}
