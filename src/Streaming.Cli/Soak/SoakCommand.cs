using System.CommandLine;
using System.Globalization;
using Streaming.Cli.Benchmarks;
using Streaming.Cli.CommandLine;
using Streaming.Cli.Composition;
using Streaming.Core;

namespace Streaming.Cli.Soak;

/// <summary><c>streaming soak</c>: a long run under load with faults, and a ledger that tells afterwards whether anything was lost.</summary>
internal static class SoakCommand
{
    private static readonly string[] Sinks = ["embedded", "fake", "elasticsearch"];

    public static Command Create(CliContext context)
    {
        var minutes = new Option<string>("--minutes") { Description = "How long messages are produced, e.g. 2 or 0.5", HelpName = "N", DefaultValueFactory = static _ => "2" };
        var source = new Option<string?>("--source") { Description = "embedded (default), or kafka: STREAMING_KAFKA_BOOTSTRAP, topics of its own" }.Among("embedded", "kafka");
        var sink = new Option<string?>("--sink") { Description = "embedded (default); fake: a server here that refuses now and then; elasticsearch: STREAMING_ELASTICSEARCH_URL, an index of its own" }.Among(Sinks);
        var rate = new Option<int>("--rate") { Description = "Messages a second between bursts", DefaultValueFactory = static _ => 40 }.Between(1, 10_000);
        var growth = new Option<int>("--max-memory-growth") { Description = "Most growth of memory behind the warm-up, in per cent; warm-up ends where memory is level, after 16,000 to 24,000 messages, and 16,000 more are needed to judge it", DefaultValueFactory = static _ => 5 }.Between(0, 1_000);
        var p99 = new Option<int>("--max-p99") { Description = "Longest 99th percentile from produced to acknowledged, in seconds, restarts and refusals included", DefaultValueFactory = static _ => 20 }.Between(1, 3_600);
        var bundle = CommonOptions.Bundle();
        var engine = Engines.Option();
        var json = CommonOptions.Json();
        return new Command("soak", "Run for long under load, with bursts, bad input, restarts and refusals; exit 1 when a bound fails")
            .With(minutes, source, sink, rate, growth, p99, bundle, engine, json)
            .Does(context, async (parsed, cancellationToken) =>
            {
                if (!double.TryParse(parsed.GetValue(minutes), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var length) || length is <= 0 or > 100_000)
                    throw new StreamingException("usage", $"--minutes cannot be '{parsed.GetValue(minutes)}'; write a number above 0, such as 2 or 0.5");
                var plan = new SoakPlan
                {
                    Duration = TimeSpan.FromMinutes(length),
                    PerSecond = parsed.GetValue(rate),
                    FromKafka = parsed.GetValue(source) == "kafka",
                    Sink = parsed.GetValue(sink) ?? Sinks[0],
                    Bundle = parsed.GetValue(bundle)!,
                    MaxGrowthPercent = parsed.GetValue(growth),
                    MaxP99 = TimeSpan.FromSeconds(parsed.GetValue(p99)),
                };
                var texts = BenchInput.Texts(BenchInput.Find(context, null));
                using var progress = new ProgressLine(context);
                await using var world = await SoakWorld.StartAsync(context, plan, cancellationToken);
                var run = new SoakRun(context, plan, world, Engines.Create(parsed.GetValue(engine)), progress);
                var isFinished = await run.RunAsync(texts, cancellationToken);
                progress.Dispose();
                var report = new SoakReport
                {
                    Plan = plan,
                    Run = run,
                    Verdict = await world.VerifyAsync(cancellationToken),
                    Latencies = world.Ledger.Latencies(),
                    Refused = world.Index?.Refused ?? 0,
                    IsFinished = isFinished,
                };
                if (parsed.GetValue(json))
                    report.WriteJson(context.Out);
                else
                    report.Write(context.Out);
                return report.IsOk ? ExitCode.Ok : ExitCode.CheckFailed;
            });
    }
}
