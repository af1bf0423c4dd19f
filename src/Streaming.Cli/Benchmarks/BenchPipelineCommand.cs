using System.CommandLine;
using System.Globalization;
using Streaming.Adapters.Onnx.Benchmarks;
using Streaming.Cli.CommandLine;
using Streaming.Cli.Composition;
using Streaming.Core;
using Streaming.Core.Engine;
using Streaming.Core.Models.Bundle;

namespace Streaming.Cli.Benchmarks;

/// <summary><c>streaming bench pipeline</c>: from messages to acknowledged documents, with the product's own adapters in this process.</summary>
internal static class BenchPipelineCommand
{
    /// <summary>Messages that run through before anything is measured, so that code is compiled and memory is there.</summary>
    private const int WarmUp = 1_000;

    /// <summary>Before a comparison: the runtime goes on compiling for some ten seconds, which no long run would notice.</summary>
    private const int LongWarmUp = 5_000;

    /// <summary>A file below this is tried out, not measured.</summary>
    private const int SmallFile = 64 * 1024;

    private const int SmallWarmUp = 100;

    /// <summary>The same without a model, where code is all there is.</summary>
    private const int NullWarmUp = 300_000;

    private const string NullModel = "null";

    public static Command Create(CliContext context)
    {
        var defaults = new BatchingOptions();
        var input = BenchCommand.Input();
        var threads = BenchCommand.Threads();
        var bundle = CommonOptions.Bundle();
        bundle.Aliases.Add("--model");
        bundle.Description += "; null computes nothing";
        var source = new Option<string?>("--source") { Description = "Where messages come from (default: file); kafka: STREAMING_KAFKA_BOOTSTRAP, a topic of its own" }.Among("file", "kafka");
        var sink = new Option<string?>("--sink") { Description = "Where documents go (default: null); fake: a server here that parses every line; elasticsearch: STREAMING_ELASTICSEARCH_URL, an index of its own" }.Among(BenchSink.Names);
        var documents = new Option<string?>("--documents") { Description = "Messages of a round, the file over and over; several numbers give a row each", HelpName = "N,N" };
        var heads = new Option<string?>("--heads") { Description = "Only these heads of the bundle", HelpName = "NAME,NAME" };
        var repeat = new Option<int>("--repeat") { Description = "Times the file is read in a round, without --documents", DefaultValueFactory = static _ => 1 }.Between(1, 1_000_000);
        var rounds = new Option<int>("--rounds") { Description = "Measured rounds; the fastest counts (default: 1, with a comparison 5)" }.Between(1, 1000);
        var budget = new Option<int>("--max-batch-tokens") { Description = "Token places of a batch", DefaultValueFactory = _ => defaults.MaxBatchTokens }.Between(64, 65_536);
        var size = new Option<int>("--max-batch-size") { Description = "Sequences of a batch", DefaultValueFactory = _ => defaults.MaxBatchSize }.Between(1, 1_024);
        var queue = new Option<int>("--max-queue-size") { Description = "Documents under way at once", DefaultValueFactory = _ => defaults.MaxQueueSize }.Between(1, 100_000);
        var share = new Option<int>("--share-duplicates") { Description = "Texts whose result exact duplicates take; 0, the default here, computes each", DefaultValueFactory = static _ => 0 }.Between(0, 100_000);
        var reference = new Option<bool>("--reference") { Description = "In turns with it, measure ONNX Runtime alone on the same batches" };
        var oneHead = new Option<bool>("--one-head") { Description = "In turns with it, measure the first head alone" };
        var shadow = new Option<bool>("--shadow") { Description = "In turns with it, measure it with a candidate of the same size in the shadow, at the share that rollouts have unless told otherwise" };
        var kcat = new Option<bool>("--kcat") { Description = "In turns with it, let kcat read the same topic" };
        var rate = new Option<int>("--rate") { Description = "Low load instead: so many messages a second, and how long each takes" }.Between(1, 100_000);
        var seconds = new Option<int>("--seconds") { Description = "With --rate: for so long", DefaultValueFactory = static _ => 30 }.Between(1, 3_600);
        var engine = Engines.Option();
        var json = CommonOptions.Json();
        return new Command("pipeline", "Measure the whole way: from messages to acknowledged documents")
            .With(input, source, sink, documents, threads, bundle, heads, repeat, rounds, budget, size, queue, share, reference, oneHead, shadow, kcat, rate, seconds, engine, json)
            .Does(context, async (parsed, cancellationToken) =>
            {
                var file = BenchInput.Find(context, parsed.GetValue(input));
                var counts = Counts(parsed.GetValue(documents));
                var isNull = parsed.GetValue(bundle) == NullModel;
                var fromKafka = parsed.GetValue(source) == "kafka";
                var (withReference, withOne, withShadow, withKcat) = (parsed.GetValue(reference), parsed.GetValue(oneHead), parsed.GetValue(shadow), parsed.GetValue(kcat));
                if (isNull && (withReference || withOne || withShadow || parsed.GetValue(heads) is not null))
                    throw new StreamingException("usage", "--model null has no encoder and no heads: leave --reference, --one-head, --shadow and --heads out");
                if (withKcat && (!fromKafka || !Kcat.IsThere(context)))
                    throw new StreamingException("usage", fromKafka ? "--kcat: kcat is not on the PATH (Debian: apt-get install kcat)" : "--kcat reads a topic: add --source kafka");
                var opened = isNull ? null : ModelBundle.Open(BundleLocator.Find(context, null, parsed.GetValue(bundle)!));
                var calls = BenchCommand.ThreadCount(parsed.GetValue(threads));
                var batching = new BatchingOptions
                {
                    MaxBatchTokens = parsed.GetValue(budget),
                    MaxBatchSize = parsed.GetValue(size),
                    MaxQueueSize = parsed.GetValue(queue),
                    ShareDuplicates = parsed.GetValue(share),
                };
                await using var from = fromKafka ? (IBenchSource)new KafkaBenchSource(context, file, parsed.GetValue(repeat)) : new FileBenchSource(file, parsed.GetValue(repeat));
                await using var to = await BenchSink.StartAsync(context, parsed.GetValue(sink) ?? "null", cancellationToken);
                await using var benchmark = opened is null
                    ? PipelineBenchmark.OpenNull(calls, batching, parsed.GetValue(engine), context.Time)
                    : PipelineBenchmark.Open(opened, Choice.Words(parsed.GetValue(heads)), calls, batching, withOne, parsed.GetValue(engine), context.Time);
                using var progress = new ProgressLine(context);
                progress.Report("warm-up", 0, 0);
                var warmUp = isNull ? NullWarmUp : new FileInfo(file).Length < SmallFile ? SmallWarmUp : withReference ? LongWarmUp : WarmUp;
                await from.PrepareAsync(warmUp, cancellationToken);
                await benchmark.RunAsync(from.Open(), warmUp, await to.OpenAsync(cancellationToken), to.Delivery, PipelineVariant.All, cancellationToken);

                var rows = new List<PipelineComparisonResult>();
                LatencyResult? latency = null;
                if (parsed.GetValue(rate) is > 0 and var perSecond)
                {
                    latency = await new LatencyRun { File = file, PerSecond = perSecond, Seconds = parsed.GetValue(seconds) }
                        .RunAsync(benchmark, from, to, context.Time, progress, cancellationToken);
                }
                else
                {
                    foreach (var count in counts)
                    {
                        var comparison = new PipelineComparison
                        {
                            File = file,
                            Documents = count,
                            Rounds = parsed.GetValue(rounds) is > 0 and var told ? told : withReference || withOne || withShadow || withKcat ? 5 : 1,
                            Threads = calls,
                            Encoder = withReference ? () => BenchmarkedEncoder.FromBundle(opened!, benchmark.Layers) : null,
                            WithOneHead = withOne,
                            WithShadow = withShadow,
                            WithKcat = withKcat,
                        };
                        rows.Add(await comparison.RunAsync(benchmark, from, to, context.Time, progress, cancellationToken));
                    }
                }

                progress.Dispose();
                var report = new PipelineReport
                {
                    Input = file,
                    Benchmark = benchmark,
                    Source = from.Name,
                    Sink = to.Name,
                    Threads = calls,
                    Engine = parsed.GetValue(engine) ?? Engines.Default,
                    Rows = rows,
                    Latency = latency,
                };
                if (parsed.GetValue(json))
                    report.WriteJson(context.Out);
                else
                    report.Write(context.Out);
                return ExitCode.Ok;
            });
    }

    private static List<long?> Counts(string? told)
    {
        if (Choice.Words(told) is not { } words)
            return [null];
        var counts = new List<long?>();
        foreach (var word in words)
        {
            if (!long.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var count) || count is < 1 or > 100_000_000)
                throw new StreamingException("usage", $"--documents cannot be '{told}'; write whole numbers from 1 to 100000000, separated by commas");
            counts.Add(count);
        }

        return counts.Count > 0 ? counts : throw new StreamingException("usage", "--documents needs a number");
    }
}
