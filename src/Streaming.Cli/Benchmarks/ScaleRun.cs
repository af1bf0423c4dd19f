using System.Globalization;
using System.Text;
using Streaming.Adapters.Kafka;
using Streaming.Cli.CommandLine;
using Streaming.Core;
using Streaming.Core.Engine;
using Streaming.Core.Messaging;

namespace Streaming.Cli.Benchmarks;

/// <summary>So many processes of the product in one consumer group, on a topic of their own, into a server here that parses every line.</summary>
internal sealed class ScaleRun(CliContext context, string file, string bundle, int documents, int calls)
{
    private const int ProduceAtOnce = 2_000;
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(20);

    /// <summary>Measures one number of processes.</summary>
    /// <exception cref="StreamingException"><c>kafka_bootstrap_missing</c>, <c>worker_failed</c>.</exception>
    public async Task<ScaleResult> RunAsync(int processes, ProgressLine progress, CancellationToken cancellationToken)
    {
        var label = string.Create(CultureInfo.InvariantCulture, $"{processes} processes");
        progress.Report(label, 0, documents, "starting");
        var folder = Directory.CreateTempSubdirectory("streaming-scale-");
        await using var source = new KafkaBenchSource(context, file, repeat: 1);
        await using var server = await BulkServer.StartAsync(cancellationToken);
        var seen = 0;
        var done = new byte[documents];
        server.Apply = (_, id, _) =>
        {
            // A replay after a rebalance counts once.
            var number = NumberedMessages.NumberOf(id);
            if (number >= 0 && number < done.Length && Interlocked.Exchange(ref done[number], (byte)1) == 0)
                Interlocked.Increment(ref seen);
            return 201;
        };
        var workers = new List<WorkerProcess>();
        try
        {
            await source.MakeTopicAsync(cancellationToken);
            var topology = Path.Combine(folder.FullName, "scale.yaml");
            await File.WriteAllTextAsync(topology, Topology(source, server.Url), cancellationToken);
            for (var i = 0; i < processes; i++)
                workers.Add(WorkerProcess.Start(topology, Path.Combine(folder.FullName, string.Create(CultureInfo.InvariantCulture, $"data-{i}"))));
            foreach (var worker in workers)
                await worker.WaitReadyAsync(context.Time, cancellationToken);

            var started = context.Time.GetTimestamp();
            var expected = await ProduceAsync(source, cancellationToken);
            while (Volatile.Read(ref seen) < expected)
            {
                progress.Report(label, seen, expected);
                await Task.Delay(Look, context.Time, cancellationToken);
            }

            var seconds = context.Time.GetElapsedTime(started).TotalSeconds;
            var each = new List<(long Indexed, long PeakBytes)>();
            foreach (var worker in workers)
                each.Add(await worker.DrainAsync(cancellationToken));
            return new ScaleResult(processes, expected, seconds, each);
        }
        finally
        {
            foreach (var worker in workers)
                await worker.DisposeAsync();
            folder.Delete(recursive: true);
        }
    }

    private string Topology(KafkaBenchSource source, Uri url)
    {
        var text = new StringBuilder();
        text.AppendLine("name: scale");
        text.AppendLine(CultureInfo.InvariantCulture, $"model: {{bundle: \"{bundle}\"}}");
        text.AppendLine(CultureInfo.InvariantCulture, $"source: {{topics: [{source.Topic}], group: {source.Topic}, kafka: {{bootstrap.servers: \"{source.Bootstrap}\"}}}}");
        text.AppendLine(CultureInfo.InvariantCulture, $"batching: {{max_concurrent_batches: {calls}, share_duplicates: 0}}");
        text.AppendLine(CultureInfo.InvariantCulture, $"dead_letters: {{topic: {source.NewName("dead")}}}");
        text.AppendLine(CultureInfo.InvariantCulture, $"sink: {{url: \"{url}\", index: scale}}");
        return text.ToString();
    }

    /// <returns>Messages that become documents; the others become dead letters.</returns>
    private async Task<int> ProduceAsync(KafkaBenchSource source, CancellationToken cancellationToken)
    {
        using var messages = new NumberedMessages(file);
        await using var producer = new KafkaMessageProducer(new KafkaProducerOptions { Client = source.Client, Time = context.Time });
        var decoder = new MessageDecoder(new EnrichmentOptions());
        var batch = new List<OutgoingMessage>(ProduceAtOnce);
        var good = 0;
        for (var made = 0; made < documents;)
        {
            batch.Clear();
            for (; batch.Count < ProduceAtOnce && made < documents; made++)
            {
                var value = messages.Next() ?? throw new StreamingException("input_empty", $"'{Path.GetFileName(file)}' has no line");
                good += decoder.Decode(JsonLinesSource.Message(value, made)).IsSuccess ? 1 : 0;
                batch.Add(new OutgoingMessage { Value = value });
            }

            await producer.ProduceAsync(source.Topic, batch, cancellationToken);
        }

        return good;
    }
}

/// <summary>What a number of processes reached.</summary>
/// <param name="Processes">How many.</param>
/// <param name="Documents">Documents, from the first produced to the last acknowledged.</param>
/// <param name="Seconds">How long.</param>
/// <param name="Each">Documents that each process indexed, and its peak of memory in bytes.</param>
internal sealed record ScaleResult(int Processes, int Documents, double Seconds, IReadOnlyList<(long Indexed, long PeakBytes)> Each)
{
    /// <summary>Documents a second, all together.</summary>
    public double DocumentsPerSecond => Documents / Seconds;
}
