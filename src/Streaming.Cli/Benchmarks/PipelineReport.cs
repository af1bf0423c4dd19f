using System.Globalization;
using System.Text.Json;
using Streaming.Cli.CommandLine;
using Streaming.Core.Models.Bundle;

namespace Streaming.Cli.Benchmarks;

/// <summary>What a benchmark of the pipeline found.</summary>
internal static class PipelineReport
{
    /// <summary>For people.</summary>
    public static void Write(TextWriter output, PipelineBenchmark benchmark, PipelineComparison run, PipelineComparisonResult result)
    {
        var best = result.Best;
        output.WriteLine($"{best.Documents} documents, {best.Tokens} tokens, heads {string.Join(", ", benchmark.Heads)}, {run.Threads} threads on {benchmark.Device}");
        output.WriteLine(Line($"{best.TokensPerSecond:N0} tokens/s, {best.Documents / best.Seconds:N0} documents/s: {best.Seconds:F3} s, {best.CpuSeconds:F3} s of processor time"));
        output.WriteLine(Line($"padding {Waste(best.Tokens, best.PaddedTokens):P1} in {best.Batches} batches, peak memory {result.PeakMemoryBytes / 1e6:F0} MB"));
        if (best.Outcomes.DeadLettered > 0)
            output.WriteLine($"{best.Outcomes.DeadLettered} messages would become dead letters");
        if (result.BestOneHead is { } one)
            output.WriteLine(Line($"{benchmark.Heads.Count} heads take {best.Seconds / one.Seconds:F3} times as long as one"));
        if (result.BestReference is { } alone)
            output.WriteLine(Line($"ONNX Runtime alone: {alone.TokensPerSecond:N0} tokens/s; the pipeline reaches {best.TokensPerSecond / alone.TokensPerSecond:P1} of it, {result.CpuRatio:P1} by processor time"));
    }

    /// <summary>For programs.</summary>
    public static void WriteJson(TextWriter output, ModelBundle bundle, PipelineBenchmark benchmark, PipelineComparison run, PipelineComparisonResult result) =>
        JsonText.WriteObject(output, writer =>
        {
            var best = result.Best;
            writer.WriteString("input", Path.GetFileName(run.File));
            writer.WriteString("bundle", $"{bundle.Manifest.Name}@{bundle.Manifest.Version}");
            writer.WriteString("precision", bundle.Manifest.Encoder.Precision);
            writer.WriteString("device", benchmark.Device);
            writer.WriteStartArray("heads");
            foreach (var head in benchmark.Heads)
                writer.WriteStringValue(head);
            writer.WriteEndArray();
            writer.WriteNumber("threads", run.Threads);
            writer.WriteNumber("max_batch_tokens", run.TokenBudget);
            writer.WriteNumber("repeat", run.Repeat);
            WriteRound(writer, best);
            writer.WriteNumber("peak_memory_bytes", result.PeakMemoryBytes);
            WriteSeconds(writer, "rounds", result.Rounds.Select(static round => round.Seconds));
            if (result.BestOneHead is { } one)
            {
                writer.WriteStartObject("one_head");
                writer.WriteString("head", benchmark.Heads[0]);
                WriteRound(writer, one);
                WriteSeconds(writer, "rounds", result.OneHead.Select(static round => round.Seconds));
                writer.WriteEndObject();
                writer.WriteNumber("all_heads_vs_one", best.Seconds / one.Seconds);
            }

            if (result.BestReference is not { } alone)
                return;
            writer.WriteStartObject("reference");
            writer.WriteNumber("tokens", alone.Tokens);
            writer.WriteNumber("padded_tokens", alone.PaddedTokens);
            writer.WriteNumber("batches", alone.Batches);
            writer.WriteNumber("seconds", alone.Seconds);
            writer.WriteNumber("cpu_seconds", alone.CpuSeconds);
            writer.WriteNumber("tokens_per_second", alone.TokensPerSecond);
            WriteSeconds(writer, "rounds", result.Reference.Select(static round => round.Seconds));
            writer.WriteEndObject();
            writer.WriteNumber("ratio", best.TokensPerSecond / alone.TokensPerSecond);
            writer.WriteNumber("paired_ratio", result.PairedRatio!.Value);
            writer.WriteNumber("cpu_ratio", result.CpuRatio!.Value);
        });

    private static void WriteRound(Utf8JsonWriter writer, PipelineRound round)
    {
        writer.WriteNumber("documents", round.Documents);
        writer.WriteNumber("dead_lettered", round.Outcomes.DeadLettered);
        writer.WriteNumber("spans", round.Spans);
        writer.WriteNumber("tokens", round.Tokens);
        writer.WriteNumber("padded_tokens", round.PaddedTokens);
        writer.WriteNumber("padding_waste", Waste(round.Tokens, round.PaddedTokens));
        writer.WriteNumber("batches", round.Batches);
        writer.WriteNumber("seconds", round.Seconds);
        writer.WriteNumber("cpu_seconds", round.CpuSeconds);
        writer.WriteNumber("tokens_per_second", round.TokensPerSecond);
        writer.WriteNumber("documents_per_second", round.Documents / Math.Max(round.Seconds, 1e-9));
        writer.WriteNumber("allocated_bytes_per_document", round.AllocatedBytes / Math.Max(1, round.Documents));
    }

    private static void WriteSeconds(Utf8JsonWriter writer, string name, IEnumerable<double> seconds)
    {
        writer.WriteStartArray(name);
        foreach (var value in seconds)
            writer.WriteNumberValue(value);
        writer.WriteEndArray();
    }

    private static double Waste(long tokens, long padded) => padded == 0 ? 0 : 1 - ((double)tokens / padded);

    private static string Line(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
