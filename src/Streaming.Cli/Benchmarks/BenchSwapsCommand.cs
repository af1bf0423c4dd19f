using System.CommandLine;
using System.Globalization;
using Streaming.Cli.CommandLine;
using Streaming.Cli.Composition;
using Streaming.Core;
using Streaming.Core.Engine;
using Streaming.Core.Models;
using Streaming.Core.Models.Bundle;
using Streaming.Core.Topology;

namespace Streaming.Cli.Benchmarks;

/// <summary><c>streaming bench swaps</c>: models swapped again and again under load; what fails, what mixes, what stays in memory.</summary>
internal static class BenchSwapsCommand
{
    private const int Settled = 20;
    private const int DocumentsASwap = 20;

    public static Command Create(CliContext context)
    {
        var swaps = new Option<int>("--swaps") { Description = "Swaps", DefaultValueFactory = static _ => 200 }.Between(Settled + 1, 100_000);
        var encoders = new Option<bool>("--encoders") { Description = "Load the encoder anew with every swap, as if it had changed" };
        var bundle = CommonOptions.Bundle();
        var engine = Engines.Option();
        var json = CommonOptions.Json();
        return new Command("swaps", "Swap models under load and measure what stays").With(swaps, encoders, bundle, engine, json)
            .Does(context, async (parsed, cancellationToken) =>
            {
                var opened = ModelBundle.Open(BundleLocator.Find(context, null, parsed.GetValue(bundle)!));
                var topology = TopologyFile.Load(context, "minimal").Definition;
                var result = await RunAsync(context, opened, topology, parsed.GetValue(swaps), parsed.GetValue(encoders), parsed.GetValue(engine), cancellationToken);
                if (parsed.GetValue(json))
                {
                    JsonText.WriteObject(context.Out, writer =>
                    {
                        writer.WriteNumber("swaps", result.Swaps);
                        writer.WriteNumber("documents", result.Documents);
                        writer.WriteNumber("failed", result.Failed);
                        writer.WriteNumber("most_alive", result.MostAlive);
                        writer.WriteNumber($"peak_bytes_until_swap_{Settled}", result.SettledBytes);
                        writer.WriteNumber("peak_bytes_after", result.AfterBytes);
                        writer.WriteNumber("ratio", Math.Round(result.Ratio, 3));
                    });
                }
                else
                {
                    context.Out.WriteLine(string.Create(
                        CultureInfo.InvariantCulture,
                        $"{result.Swaps} swaps under load: {result.Documents} documents, {result.Failed} failed, at most {result.MostAlive} models alive; peak memory {result.SettledBytes / 1e6:F0} MB until swap {Settled}, {result.AfterBytes / 1e6:F0} MB after ({result.Ratio:F2} times)"));
                }

                return result is { Failed: 0, Ratio: <= 1.3 } ? ExitCode.Ok : ExitCode.CheckFailed;
            });
    }

    private static async Task<Result> RunAsync(
        CliContext context, ModelBundle bundle, TopologyDefinition topology, int swaps, bool encoders, string? engine, CancellationToken cancellationToken)
    {
        await using var slot = new ModelSlot(await ServingModels.LoadAsync(context, bundle, topology, null, null, cancellationToken));
        var progress = new PipelineProgress();
        await using var source = new JsonLinesSource(BenchInput.Find(context, null), int.MaxValue, long.MaxValue);
        await using var sink = new DiscardingSink();
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var run = Engines.Create(engine).RunAsync(
            new Pipeline
            {
                Topology = "swaps", Source = source, Sink = sink, DeadLetters = sink, Models = slot, Progress = progress, Time = context.Time,
                // A model goes when the texts under way have gone; few of them make many swaps.
                Batching = new BatchingOptions { MaxQueueSize = 64 },
            },
            end.Token, cancellationToken);
        long settled = 0;
        var mostAlive = 1;
        for (var swap = 1; swap <= swaps; swap++)
        {
            while (progress.Snapshot().Outcomes.Total < (long)swap * DocumentsASwap && !run.IsCompleted)
                await Task.Delay(TimeSpan.FromMilliseconds(5), context.Time, cancellationToken);
            await slot.SwapAsync(async (before, token) => await ServingModels.LoadAsync(context, bundle, topology, encoders ? null : before, null, token), cancellationToken);
            mostAlive = Math.Max(mostAlive, slot.AliveVersions);
            if (swap != Settled)
                continue;
            settled = PeakMemory.Bytes();
            PeakMemory.Reset();
        }

        await end.CancelAsync();
        await run;
        var done = progress.Snapshot().Outcomes;
        return new Result(slot.Swaps, done.Total, done.DeadLettered, mostAlive, settled, PeakMemory.Bytes());
    }

    private sealed record Result(long Swaps, long Documents, long Failed, int MostAlive, long SettledBytes, long AfterBytes)
    {
        public double Ratio => (double)AfterBytes / SettledBytes;
    }
}
