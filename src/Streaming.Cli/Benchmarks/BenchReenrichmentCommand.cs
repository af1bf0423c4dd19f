using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Streaming.Cli.CommandLine;
using Streaming.Cli.Composition;
using Streaming.Contracts;
using Streaming.Core;
using Streaming.Core.Engine;
using Streaming.Core.Models;
using Streaming.Core.Models.Bundle;
using Streaming.Core.Models.Caching;
using Streaming.Text.Analysis;

namespace Streaming.Cli.Benchmarks;

/// <summary><c>streaming bench reenrichment</c>: what the cache of hidden states saves when documents go through new heads of the same encoder.</summary>
internal static class BenchReenrichmentCommand
{
    public static Command Create(CliContext context)
    {
        var input = BenchCommand.Input();
        var bundle = CommonOptions.Bundle();
        var json = CommonOptions.Json();
        return new Command("reenrichment", "Measure the cache that re-enrichment keeps of the encoder's work: without, filling, and filled").With(input, bundle, json)
            .Does(context, async (parsed, cancellationToken) =>
            {
                var texts = BenchInput.Texts(BenchInput.Find(context, parsed.GetValue(input)));
                var opened = ModelBundle.Open(BundleLocator.Find(context, null, parsed.GetValue(bundle)!));
                var folder = Directory.CreateTempSubdirectory("streaming-features-");
                try
                {
                    await using var model = ModelAccess.Load(context, null, parsed.GetValue(bundle)!);
                    using var cache = EncoderCache.Open(folder.FullName, opened.Manifest.Encoder.Sha256, model.Runner.Info, long.MaxValue)!;
                    await using var caching = new CachingModelRunner(model.Runner, cache);
                    // The first run of a process pays for what is made only once.
                    await RunAsync("warm-up", texts, model, null, cancellationToken);
                    var runs = new[]
                    {
                        await RunAsync("without a cache", texts, model, null, cancellationToken),
                        await RunAsync("filling it", texts, model, caching, cancellationToken),
                        await RunAsync("from it", texts, model, caching, cancellationToken),
                    };
                    var differ = runs[0].Found.Zip(runs[2].Found).Count(static pair => !SaysTheSame(pair.First, pair.Second));
                    if (parsed.GetValue(json))
                        WriteJson(context.Out, texts.Count, cache, runs, differ);
                    else
                        Write(context.Out, texts.Count, cache, runs, differ);
                    return ExitCode.Ok;
                }
                finally
                {
                    folder.Delete(recursive: true);
                }
            });
    }

    private static async Task<Run> RunAsync(string name, List<string> texts, EnrichmentModel model, CachingModelRunner? caching, CancellationToken cancellationToken)
    {
        var before = Environment.CpuUsage.TotalTime;
        var analysis = await new BatchAnalyzer(model, new BatchingOptions { MaxConcurrentBatches = 1 }, caching).AnalyzeAsync(texts, null, cancellationToken);
        return new Run(name, (Environment.CpuUsage.TotalTime - before).TotalSeconds, analysis.Results);
    }

    /// <summary>The same findings, whatever the last digits of their confidences.</summary>
    private static bool SaysTheSame(StageOutcome<Annotations> left, StageOutcome<Annotations> right) =>
        left.IsSuccess && right.IsSuccess ? Words(left.Value) == Words(right.Value) : left.IsSuccess == right.IsSuccess;

    private static string Words(Annotations found) => JsonSerializer.Serialize(
        new LabelGuess
        {
            Entities = [.. found.Entities.Select(static entity => entity with { Confidence = 0 })],
            Topics = [.. found.Topics.Select(static topic => topic with { Confidence = 0 })],
            Sentiment = found.Sentiment is { } sentiment ? new SentimentAnnotation(sentiment.Label, 0, []) : null,
            Aspects = [.. found.Aspects.Select(static aspect => aspect with { Confidence = 0 })],
        },
        ContractsJson.Wire.LabelGuess);

    private static void Write(TextWriter output, int texts, EncoderCache cache, IReadOnlyList<Run> runs, int differ)
    {
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{texts} texts, {cache.Count} windows, {cache.Bytes / 1024.0 / texts:F1} KiB a text; {differ} texts get other findings from the cache"));
        var rows = new List<IReadOnlyList<string>> { new[] { "RUN", "CPU SECONDS", "OF THE FIRST" } };
        foreach (var run in runs)
            rows.Add([run.Name, run.CpuSeconds.ToString("F2", CultureInfo.InvariantCulture), (run.CpuSeconds / runs[0].CpuSeconds).ToString("P0", CultureInfo.InvariantCulture)]);
        TextTable.Write(output, rows);
    }

    private static void WriteJson(TextWriter output, int texts, EncoderCache cache, IReadOnlyList<Run> runs, int differ) => JsonText.WriteObject(output, writer =>
    {
        writer.WriteNumber("texts", texts);
        writer.WriteNumber("windows", cache.Count);
        writer.WriteNumber("cache_bytes", cache.Bytes);
        writer.WriteNumber("other_findings", differ);
        writer.WriteStartArray("runs");
        foreach (var run in runs)
        {
            writer.WriteStartObject();
            writer.WriteString("run", run.Name);
            writer.WriteNumber("cpu_seconds", run.CpuSeconds);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    });

    private sealed record Run(string Name, double CpuSeconds, IReadOnlyList<StageOutcome<Annotations>> Found);
}
