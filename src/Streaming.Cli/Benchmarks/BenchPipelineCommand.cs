using System.CommandLine;
using Streaming.Adapters.Onnx.Benchmarks;
using Streaming.Cli.CommandLine;
using Streaming.Cli.Composition;
using Streaming.Core;
using Streaming.Core.Engine;
using Streaming.Core.Models.Bundle;

namespace Streaming.Cli.Benchmarks;

/// <summary><c>streaming bench pipeline</c>: decode, normalise, tokenise, batch, encode, heads, decode; no store.</summary>
internal static class BenchPipelineCommand
{
    /// <summary>Messages that run through before anything is measured, so that code is compiled and memory is there.</summary>
    private const int WarmUp = 1_000;

    public static Command Create(CliContext context)
    {
        var defaults = new BatchingOptions();
        var input = BenchCommand.Input();
        var threads = BenchCommand.Threads();
        var bundle = CommonOptions.Bundle();
        var heads = new Option<string?>("--heads") { Description = "Only these heads of the bundle", HelpName = "NAME,NAME" };
        var repeat = new Option<int>("--repeat") { Description = "Times the file is read in a round", DefaultValueFactory = static _ => 1 }.Between(1, 1_000_000);
        var rounds = new Option<int>("--rounds") { Description = "Measured rounds; the fastest counts (default: 1, with a comparison 5)" }.Between(1, 1000);
        var budget = new Option<int>("--max-batch-tokens") { Description = "Token places of a batch", DefaultValueFactory = _ => defaults.MaxBatchTokens }.Between(64, 65_536);
        var size = new Option<int>("--max-batch-size") { Description = "Sequences of a batch", DefaultValueFactory = _ => defaults.MaxBatchSize }.Between(1, 1_024);
        var reference = new Option<bool>("--reference") { Description = "In turns with it, measure ONNX Runtime alone on the same sequences, sorted by length" };
        var oneHead = new Option<bool>("--one-head") { Description = "In turns with it, measure the first head alone" };
        var json = CommonOptions.Json();
        return new Command("pipeline", "Measure everything but the store: from messages to enriched documents").With(input, threads, bundle, heads, repeat, rounds, budget, size, reference, oneHead, json)
            .Does(context, async (parsed, cancellationToken) =>
            {
                var file = BenchInput.Find(context, parsed.GetValue(input));
                var opened = ModelBundle.Open(BundleLocator.Find(context, null, parsed.GetValue(bundle)!));
                var isCompared = parsed.GetValue(reference) || parsed.GetValue(oneHead);
                var run = new PipelineComparison
                {
                    File = file,
                    Repeat = parsed.GetValue(repeat),
                    Rounds = parsed.GetValue(rounds) is > 0 and var told ? told : isCompared ? 5 : 1,
                    Threads = BenchCommand.ThreadCount(parsed.GetValue(threads)),
                    TokenBudget = parsed.GetValue(budget),
                    WithReference = parsed.GetValue(reference),
                    WithOneHead = parsed.GetValue(oneHead),
                    WarmUp = WarmUp,
                };
                var batching = new BatchingOptions { MaxBatchTokens = run.TokenBudget, MaxBatchSize = parsed.GetValue(size), ShareDuplicates = 0 };
                await using var benchmark = PipelineBenchmark.Open(opened, Choice.Words(parsed.GetValue(heads)), run.Threads, batching, run.WithOneHead, context.Time);
                using var progress = new ProgressLine(context);
                var result = await run.RunAsync(
                    benchmark, () => BenchmarkedEncoder.FromBundle(opened, benchmark.Layers), context.Time, progress, cancellationToken);
                progress.Dispose();
                if (parsed.GetValue(json))
                    PipelineReport.WriteJson(context.Out, opened, benchmark, run, result);
                else
                    PipelineReport.Write(context.Out, benchmark, run, result);
                return ExitCode.Ok;
            });
    }
}
