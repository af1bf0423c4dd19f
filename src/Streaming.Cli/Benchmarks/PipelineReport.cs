using System.Globalization;
using System.Text.Json;
using Streaming.Cli.CommandLine;

namespace Streaming.Cli.Benchmarks;

/// <summary>What a benchmark of the pipeline found.</summary>
internal sealed record PipelineReport
{
    public required string Input { get; init; }

    public required PipelineBenchmark Benchmark { get; init; }

    public required string Source { get; init; }

    public required string Sink { get; init; }

    public required int Threads { get; init; }

    public required string Engine { get; init; }

    /// <summary>One for each number of documents.</summary>
    public required IReadOnlyList<PipelineComparisonResult> Rows { get; init; }

    /// <summary>At low load, when that was measured instead.</summary>
    public LatencyResult? Latency { get; init; }

    /// <summary>For people.</summary>
    public void Write(TextWriter output)
    {
        var heads = Benchmark.Heads.Count == 0 ? "" : $", heads {string.Join(", ", Benchmark.Heads)}";
        output.WriteLine($"{Source} → {Benchmark.Model}{heads} → {Sink}; engine {Engine}, {Threads} threads on {Benchmark.Device}");
        if (Latency is { } latency)
            Write(output, latency);
        else if (Rows.Count == 1)
            Write(output, Rows[0]);
        else
            WriteTable(output);
    }

    /// <summary>For programs.</summary>
    public void WriteJson(TextWriter output) => JsonText.WriteObject(output, writer =>
    {
        writer.WriteString("input", Path.GetFileName(Input));
        writer.WriteString("source", Source);
        writer.WriteString("sink", Sink);
        writer.WriteString("engine", Engine);
        writer.WriteString("bundle", Benchmark.Model);
        writer.WriteString("precision", Benchmark.Precision);
        writer.WriteString("device", Benchmark.Device);
        writer.WriteStartArray("heads");
        foreach (var head in Benchmark.Heads)
            writer.WriteStringValue(head);
        writer.WriteEndArray();
        writer.WriteNumber("threads", Threads);
        writer.WriteNumber("max_batch_tokens", Benchmark.Batching.MaxBatchTokens);
        writer.WriteNumber("share_duplicates", Benchmark.Batching.ShareDuplicates);
        if (Latency is { } latency)
        {
            WriteLatency(writer, latency);
            return;
        }

        if (Rows.Count == 1)
        {
            WriteResult(writer, Rows[0]);
            return;
        }

        writer.WriteStartArray("rows");
        foreach (var row in Rows)
        {
            writer.WriteStartObject();
            WriteResult(writer, row);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    });

    private static void Write(TextWriter output, LatencyResult latency)
    {
        var all = latency.Milliseconds;
        output.WriteLine(Line($"{all.Length} documents acknowledged; from produced to acknowledged: p50 {LatencyLog.Quantile(all, 0.5):F1} ms, p95 {LatencyLog.Quantile(all, 0.95):F1} ms, p99 {latency.P99:F1} ms, longest {LatencyLog.Quantile(all, 1):F1} ms"));
        output.WriteLine(Line($"queue delay {latency.QueueDelayMilliseconds:F0} ms + one inference {latency.InferenceMilliseconds:F1} ms + {LatencyRun.AllowanceMilliseconds:F0} ms = {latency.BoundMilliseconds:F1} ms: p99 is {(latency.P99 <= latency.BoundMilliseconds ? "within" : "NOT within")} it"));
    }

    private void Write(TextWriter output, PipelineComparisonResult result)
    {
        var best = result.Best;
        output.WriteLine(Line($"{best.Documents} documents, {best.Tokens} tokens: {best.TokensPerSecond:N0} tokens/s, {best.DocumentsPerSecond:N0} documents/s"));
        output.WriteLine(Line($"{best.Seconds:F3} s, {best.CpuSeconds:F3} s of processor time: {best.Tokens / Math.Max(best.CpuSeconds, 1e-9):N0} tokens, {best.Documents / Math.Max(best.CpuSeconds, 1e-9):N0} documents a processor second, {best.MicrosecondsPerDocument:F1} µs a document"));
        output.WriteLine(Line($"{(best.Batches == 0 ? "" : Line($"padding {Waste(best.Tokens, best.PaddedTokens):P1} in {best.Batches} batches, "))}peak memory {result.PeakMemoryBytes / 1e6:F0} MB, collector {best.PauseSeconds * 1e3:F0} ms"));
        if (best.Outcomes.DeadLettered > 0)
            output.WriteLine($"{best.Outcomes.DeadLettered} messages would become dead letters");
        if (result.BestOneHead is { } one)
            output.WriteLine(Line($"{Benchmark.Heads.Count} heads take {best.Seconds / one.Seconds:F3} times as long as one"));
        if (result.BestShadowed is { } shadowed)
            output.WriteLine(Line($"with a candidate in the shadow: {shadowed.TokensPerSecond:N0} tokens/s, {shadowed.TokensPerSecond / best.TokensPerSecond:P1} of it without; {result.ShadowCpuRatio:F3} times the processor time"));
        if (result.BestReference is { } alone)
            output.WriteLine(Line($"ONNX Runtime alone on the same batches: {alone.TokensPerSecond:N0} tokens/s; the pipeline reaches {best.TokensPerSecond / alone.TokensPerSecond:P1} of it ({result.PairedRatio:P1} round by round), {result.CpuRatio:P1} by processor time"));
        if (result.KcatPerSecond is { } kcat)
            output.WriteLine(Line($"kcat reads the same topic at {kcat:N0} messages/s; the pipeline reaches {best.DocumentsPerSecond / kcat:P1} of it"));
    }

    private void WriteTable(TextWriter output)
    {
        var hasReference = Rows.Any(static row => row.Reference.Count > 0);
        var hasKcat = Rows.Any(static row => row.KcatSeconds.Count > 0);
        List<string> head = ["DOCUMENTS", "SECONDS", "DOCUMENTS/S", "TOKENS/S", "CPU µS/DOCUMENT", "PEAK MB"];
        if (hasReference)
            head.AddRange(["OF ONNX RUNTIME", "BY CPU"]);
        if (hasKcat)
            head.AddRange(["KCAT/S", "OF KCAT"]);
        List<IReadOnlyList<string>> table = [head];
        foreach (var row in Rows)
        {
            var best = row.Best;
            List<string> cells =
            [
                Line($"{best.Documents}"), Line($"{best.Seconds:F2}"), Line($"{best.DocumentsPerSecond:F0}"), Line($"{best.TokensPerSecond:F0}"),
                Line($"{row.MicrosecondsPerDocument:F1}"), Line($"{row.PeakMemoryBytes / 1e6:F0}"),
            ];
            if (hasReference)
                cells.AddRange([Line($"{row.PairedRatio:F3}"), Line($"{row.CpuRatio:F3}")]);
            if (hasKcat)
                cells.AddRange([Line($"{row.KcatPerSecond:F0}"), Line($"{best.DocumentsPerSecond / row.KcatPerSecond:F3}")]);
            table.Add(cells);
        }

        TextTable.Write(output, table);
    }

    private static void WriteLatency(Utf8JsonWriter writer, LatencyResult latency)
    {
        var all = latency.Milliseconds;
        writer.WriteNumber("documents", latency.Round.Documents);
        writer.WriteNumber("acknowledged", all.Length);
        writer.WriteNumber("p50_ms", LatencyLog.Quantile(all, 0.5));
        writer.WriteNumber("p95_ms", LatencyLog.Quantile(all, 0.95));
        writer.WriteNumber("p99_ms", latency.P99);
        writer.WriteNumber("max_ms", LatencyLog.Quantile(all, 1));
        writer.WriteNumber("max_queue_delay_ms", latency.QueueDelayMilliseconds);
        writer.WriteNumber("inference_ms", latency.InferenceMilliseconds);
        writer.WriteNumber("bound_ms", latency.BoundMilliseconds);
        writer.WriteBoolean("within_bound", latency.P99 <= latency.BoundMilliseconds);
    }

    private void WriteResult(Utf8JsonWriter writer, PipelineComparisonResult result)
    {
        var best = result.Best;
        WriteRound(writer, best);
        writer.WriteNumber("cpu_microseconds_per_document", result.MicrosecondsPerDocument);
        writer.WriteNumber("peak_memory_bytes", result.PeakMemoryBytes);
        WriteSeconds(writer, "rounds", result.Rounds.Select(static round => round.Seconds));
        if (result.BestOneHead is { } one)
        {
            writer.WriteStartObject("one_head");
            writer.WriteString("head", Benchmark.Heads[0]);
            WriteRound(writer, one);
            WriteSeconds(writer, "rounds", result.OneHead.Select(static round => round.Seconds));
            writer.WriteEndObject();
            writer.WriteNumber("all_heads_vs_one", best.Seconds / one.Seconds);
        }

        if (result.BestShadowed is { } shadowed)
        {
            writer.WriteStartObject("shadowed");
            WriteRound(writer, shadowed);
            WriteSeconds(writer, "rounds", result.Shadowed.Select(static round => round.Seconds));
            writer.WriteEndObject();
            writer.WriteNumber("shadowed_cpu_ratio", result.ShadowCpuRatio!.Value);
        }

        if (result.BestReference is { } alone)
        {
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
        }

        if (result.KcatPerSecond is not { } kcat)
            return;
        writer.WriteNumber("kcat_messages_per_second", kcat);
        WriteSeconds(writer, "kcat_rounds", result.KcatSeconds);
        writer.WriteNumber("kcat_ratio", best.DocumentsPerSecond / kcat);
    }

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
        writer.WriteNumber("gc_pause_seconds", round.PauseSeconds);
        writer.WriteNumber("tokens_per_second", round.TokensPerSecond);
        writer.WriteNumber("tokens_per_cpu_second", round.Tokens / Math.Max(round.CpuSeconds, 1e-9));
        writer.WriteNumber("documents_per_second", round.DocumentsPerSecond);
        writer.WriteNumber("documents_per_cpu_second", round.Documents / Math.Max(round.CpuSeconds, 1e-9));
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
