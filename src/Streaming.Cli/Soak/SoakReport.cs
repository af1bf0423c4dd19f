using System.Globalization;
using Streaming.Cli.CommandLine;
using Streaming.Cli.Composition;

namespace Streaming.Cli.Soak;

/// <summary>What a soak found, and which bounds it kept.</summary>
internal sealed record SoakReport
{
    public required SoakPlan Plan { get; init; }

    public required SoakRun Run { get; init; }

    public required SoakVerdict Verdict { get; init; }

    /// <summary>Milliseconds from produced to acknowledged, ascending.</summary>
    public required double[] Latencies { get; init; }

    /// <summary>Refusals of the fake.</summary>
    public required long Refused { get; init; }

    /// <summary>Everything ended within the patience.</summary>
    public required bool IsFinished { get; init; }

    /// <summary>Each bound with what was seen.</summary>
    public IReadOnlyList<SoakBound> Bounds =>
    [
        new("unfinished", IsFinished ? 0 : 1, 0),
        new("lost", Verdict.Lost, 0),
        new("duplicated", Verdict.Duplicated, 0),
        new("wrong", Verdict.Wrong, 0),
        new("p99_ms", P99, Plan.MaxP99.TotalMilliseconds),
        .. Run.Memory.IsJudged ? [new SoakBound("memory_growth_percent", Run.Memory.GrowthPercent, Plan.MaxGrowthPercent)] : Array.Empty<SoakBound>(),
    ];

    /// <summary>True when every bound is kept.</summary>
    public bool IsOk => Bounds.All(static bound => bound.IsKept);

    private double P99 => SoakLedger.Quantile(Latencies, 0.99);

    /// <summary>For people.</summary>
    public void Write(TextWriter output)
    {
        output.WriteLine(Line($"{Plan.Duration.TotalMinutes:F1} minutes, {(Plan.FromKafka ? "kafka" : "embedded")} → {Plan.Sink}: {Verdict.Messages} messages, {Run.Bursts} bursts, {Run.Restarts.Drained} runs drained, {Run.Restarts.BrokenOff} broken off, {Refused} refusals"));
        output.WriteLine(Line($"{Verdict.Indexed} indexed, {Verdict.DeadLettered} dead-lettered ({Verdict.Repeated} of them stored again); {Verdict.Lost} lost, {Verdict.Duplicated} duplicated, {Verdict.Wrong} wrong"));
        output.WriteLine(Line($"from produced to acknowledged: p50 {SoakLedger.Quantile(Latencies, 0.5):F0} ms, p95 {SoakLedger.Quantile(Latencies, 0.95):F0} ms, p99 {P99:F0} ms, longest {SoakLedger.Quantile(Latencies, 1):F0} ms"));
        output.WriteLine(Line($"memory: {MemoryText()}; peak {PeakMemory.Bytes() / 1e6:F0} MB"));
        foreach (var bound in Bounds.Where(static bound => !bound.IsKept))
            output.WriteLine(Line($"FAILED {bound.Name}: {bound.Seen:F1}, and must not exceed {bound.Most:F1}"));
        output.WriteLine(IsOk ? "every bound is kept" : "not every bound is kept");
    }

    /// <summary>For programs.</summary>
    public void WriteJson(TextWriter output) => JsonText.WriteObject(output, writer =>
    {
        writer.WriteBoolean("ok", IsOk);
        writer.WriteNumber("minutes", Plan.Duration.TotalMinutes);
        writer.WriteString("source", Plan.FromKafka ? "kafka" : "embedded");
        writer.WriteString("sink", Plan.Sink);
        writer.WriteNumber("messages", Verdict.Messages);
        writer.WriteNumber("indexed", Verdict.Indexed);
        writer.WriteNumber("dead_lettered", Verdict.DeadLettered);
        writer.WriteNumber("lost", Verdict.Lost);
        writer.WriteNumber("duplicated", Verdict.Duplicated);
        writer.WriteNumber("wrong", Verdict.Wrong);
        writer.WriteNumber("repeated_dead_letters", Verdict.Repeated);
        writer.WriteNumber("bursts", Run.Bursts);
        writer.WriteNumber("runs_drained", Run.Restarts.Drained);
        writer.WriteNumber("runs_broken_off", Run.Restarts.BrokenOff);
        writer.WriteNumber("refusals", Refused);
        writer.WriteNumber("p50_ms", SoakLedger.Quantile(Latencies, 0.5));
        writer.WriteNumber("p95_ms", SoakLedger.Quantile(Latencies, 0.95));
        writer.WriteNumber("p99_ms", P99);
        writer.WriteNumber("max_ms", SoakLedger.Quantile(Latencies, 1));
        writer.WriteNumber("memory_early_bytes", Run.Memory.Early);
        writer.WriteNumber("memory_late_bytes", Run.Memory.Late);
        writer.WriteNumber("memory_growth_percent", Run.Memory.GrowthPercent);
        writer.WriteBoolean("memory_judged", Run.Memory.IsJudged);
        if (Run.Memory.WarmUpMessages is { } warmUp)
            writer.WriteNumber("memory_warm_up_messages", warmUp);
        writer.WriteStartArray("memory_points_bytes");
        foreach (var point in Run.Memory.Points)
            writer.WriteNumberValue(point);
        writer.WriteEndArray();
        writer.WriteNumber("peak_memory_bytes", PeakMemory.Bytes());
        writer.WriteStartArray("bounds");
        foreach (var bound in Bounds)
        {
            writer.WriteStartObject();
            writer.WriteString("name", bound.Name);
            writer.WriteNumber("seen", bound.Seen);
            writer.WriteNumber("most", bound.Most);
            writer.WriteBoolean("kept", bound.IsKept);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    });

    private string MemoryText() => (Run.Memory.IsJudged, Run.Memory.WarmUpMessages) switch
    {
        (true, var end) => Line($"{Run.Memory.Early / 1e6:F0} MB once level (after {end} messages), {Run.Memory.Late / 1e6:F0} MB at the end ({Run.Memory.GrowthPercent:+0.0;-0.0} %)"),
        (_, null) => "not level yet, so its growth is not judged: run longer, or at a higher rate",
        (_, var end) => Line($"level after {end} messages, too near the end to judge its growth: run longer, or at a higher rate"),
    };

    private static string Line(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

/// <summary>A bound and what was seen.</summary>
internal sealed record SoakBound(string Name, double Seen, double Most)
{
    /// <summary>Whether it holds.</summary>
    public bool IsKept => Seen <= Most;
}
