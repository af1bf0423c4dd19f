using System.Globalization;
using Streaming.Contracts;
using Streaming.Core.Models.Registry;
using Streaming.Learning.Retraining;

namespace Streaming.Learning.Promotion;

/// <summary>Judges a stage of a rollout by what was counted: goes on, gets through, or is withdrawn.</summary>
public static class RolloutGuards
{
    /// <summary>Documents of either side below which nothing but failures is judged before the stage is complete.</summary>
    public const int MinDocuments = 50;

    /// <summary>Failures below which nothing is judged by them before the stage is complete.</summary>
    public const int MinFailures = 3;

    /// <summary>Timed batches below which nothing is judged by their times.</summary>
    public const int MinTimedBatches = 20;

    /// <summary>Judges.</summary>
    /// <param name="stage">The stage.</param>
    /// <param name="counts">What all processes have counted.</param>
    /// <param name="now">Now.</param>
    public static RolloutVerdict Judge(ModelRollout stage, RolloutCounts counts, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(stage);
        ArgumentNullException.ThrowIfNull(counts);
        var plan = stage.Plan;
        var isShadow = stage.Stage == RolloutStage.Shadow;
        var needed = isShadow ? plan.ShadowDocuments : plan.CanaryDocuments;
        var isFull = counts.Candidate.Documents >= needed;
        var checks = Checks(stage, counts, isFull);
        var metrics = Metrics(stage, counts, checks);
        var wrong = checks.Where(static check => !check.Passed).Select(static check => check.Reason).ToList();
        if (wrong.Count > 0)
            return new RolloutVerdict(RolloutStep.Withdraw, wrong, metrics);
        if (isFull && now - stage.Since >= plan.MinDuration)
            return new RolloutVerdict(RolloutStep.Pass, [Text($"{stage.Stage.ToName()}: {counts.Candidate.Documents} documents of version {stage.Version} within the guards."), .. checks.Select(static check => check.Reason)], metrics);
        return now - stage.Since >= plan.MaxDuration
            ? new RolloutVerdict(RolloutStep.Withdraw, [Text($"{stage.Stage.ToName()}: only {counts.Candidate.Documents} of {needed} documents in {(now - stage.Since).TotalHours:0.#} hours, which is as long as it may take.")], metrics)
            : new RolloutVerdict(RolloutStep.Wait, [], metrics);
    }

    /// <summary>
    /// Population stability index of what two models found, less the most that chance alone makes of so few documents. Between equal
    /// distributions the index is near (1/n + 1/m) χ² with one degree of freedom less than there are labels (Yurdakul 2018), so its
    /// 99.9 % point is taken off: a guard is asked again and again. Findings of one document go together, so documents are n and m.
    /// </summary>
    /// <param name="task">The task.</param>
    /// <param name="inForce">What the model in force found.</param>
    /// <param name="candidate">What the candidate found.</param>
    /// <returns>0 or above; 0 while either has computed nothing.</returns>
    public static double LabelShift(LabelTask task, SideCounts inForce, SideCounts candidate)
    {
        ArgumentNullException.ThrowIfNull(inForce);
        ArgumentNullException.ThrowIfNull(candidate);
        if (inForce.Tasks.GetValueOrDefault(task)?.Labels is not { Count: > 0 } before || candidate.Tasks.GetValueOrDefault(task)?.Labels is not { Count: > 0 } after)
            return 0;
        var labels = before.Keys.Union(after.Keys).Order(StringComparer.Ordinal).ToList();
        var index = DriftMonitor.StabilityIndex(Shares(before), Shares(after));
        return Math.Max(0, index - (ChiSquareBound(labels.Count - 1) * ((1.0 / inForce.Documents) + (1.0 / candidate.Documents))));

        // Half a finding more of each label: a rare one that happened not to be drawn must not weigh like one that is gone.
        double[] Shares(IReadOnlyDictionary<string, long> counts)
        {
            var total = counts.Values.Sum() + (0.5 * labels.Count);
            return [.. labels.Select(label => (counts.GetValueOrDefault(label) + 0.5) / total)];
        }
    }

    /// <summary>99.9 % point of χ² (Wilson and Hilferty 1931, within 1 %).</summary>
    private static double ChiSquareBound(int degrees)
    {
        const double Normal = 3.0902;
        var part = 2.0 / (9 * degrees);
        return degrees == 0 ? 0 : degrees * Math.Pow(1 - part + (Normal * Math.Sqrt(part)), 3);
    }

    private static List<GateCheck> Checks(ModelRollout stage, RolloutCounts counts, bool isFull)
    {
        var (plan, name) = (stage.Plan, stage.Stage.ToName());
        var checks = new List<GateCheck>();
        if (isFull || counts.Failed >= MinFailures)
        {
            checks.Add(new GateCheck("failures", counts.FailureRate <= plan.MaxFailureRate, Text(
                $"{name}: it failed on {counts.Failed} of {counts.Failed + counts.Candidate.Documents} texts{Codes(counts)}, at most {plan.MaxFailureRate:P1} may fail.")));
        }

        if (counts.TimedBatches >= MinTimedBatches)
        {
            checks.Add(new GateCheck("latency", counts.SlowBatches * 2 <= counts.TimedBatches, Text(
                $"{name}: on {counts.SlowBatches} of {counts.TimedBatches} batches it took more than {plan.MaxLatencyRatio:F2} times as long ({counts.LatencyRatio:F2} times over all), at most half may.")));
        }

        if (counts.Compared >= MinDocuments || (isFull && counts.Compared > 0))
        {
            foreach (var task in counts.Agreement.Keys)
            {
                var agreement = counts.MeanAgreement(task);
                checks.Add(new GateCheck($"{task.ToName()}.agreement", agreement >= plan.MinAgreement, Text(
                    $"{name}: {task.ToName()} agree by {agreement:F3} on {counts.Compared} texts, at least {plan.MinAgreement:F3} is asked for.")));
            }
        }

        if (Math.Min(counts.Candidate.Documents, counts.InForce.Documents) < MinDocuments && !isFull)
            return checks;
        foreach (var (task, candidate) in counts.Candidate.Tasks)
        {
            if (!counts.InForce.Tasks.TryGetValue(task, out var inForce))
                continue;
            if (inForce.MeanConfidence is { } before && candidate.MeanConfidence is { } after)
            {
                checks.Add(new GateCheck($"{task.ToName()}.confidence", before - after <= plan.MaxConfidenceDrop, Text(
                    $"{name}: mean confidence of {task.ToName()} {before:F3} → {after:F3}, at most {plan.MaxConfidenceDrop:F3} less is allowed.")));
            }

            var shift = LabelShift(task, counts.InForce, counts.Candidate);
            checks.Add(new GateCheck($"{task.ToName()}.labels", shift <= plan.MaxLabelShift, Text(
                $"{name}: the labels of {task.ToName()} shift by {shift:F3} (population stability index beyond chance), at most {plan.MaxLabelShift:F3} is allowed.")));
        }

        return checks;
    }

    private static SortedDictionary<string, double> Metrics(ModelRollout stage, RolloutCounts counts, List<GateCheck> checks)
    {
        var stageName = stage.Stage.ToName();
        var metrics = new SortedDictionary<string, double>(StringComparer.Ordinal)
        {
            [$"{stageName}.documents"] = counts.Candidate.Documents,
            [$"{stageName}.compared"] = counts.Compared,
            [$"{stageName}.failures"] = counts.Failed,
            [$"{stageName}.latency.ratio"] = counts.LatencyRatio,
            [$"{stageName}.guards.failed"] = checks.Count(static check => !check.Passed),
        };
        foreach (var task in counts.Agreement.Keys)
            metrics[$"{stageName}.{task.ToName()}.agreement"] = counts.MeanAgreement(task);
        foreach (var (side, counted) in new[] { ("before", counts.InForce), ("after", counts.Candidate) })
        {
            foreach (var (task, found) in counted.Tasks)
            {
                if (found.MeanConfidence is { } confidence)
                    metrics[$"{stageName}.{task.ToName()}.confidence.{side}"] = confidence;
            }
        }

        return metrics;
    }

    private static string Codes(RolloutCounts counts) => counts.Failures.Count == 0 ? "" : $" ({string.Join(", ", counts.Failures.Select(static pair => $"{pair.Key}: {pair.Value}"))})";

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

/// <summary>What becomes of a stage.</summary>
/// <param name="Step">What to do.</param>
/// <param name="Reasons">Why, a sentence each; empty while it goes on.</param>
/// <param name="Metrics">What was measured, e.g. <c>shadow.entities.agreement</c>.</param>
public sealed record RolloutVerdict(RolloutStep Step, IReadOnlyList<string> Reasons, IReadOnlyDictionary<string, double> Metrics);

/// <summary>What to do with a candidate.</summary>
public enum RolloutStep
{
    /// <summary>There is not enough to judge by yet.</summary>
    Wait,

    /// <summary>The next stage, or full promotion.</summary>
    Pass,

    /// <summary>Back to the model in force.</summary>
    Withdraw,
}
