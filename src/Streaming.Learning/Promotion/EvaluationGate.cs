using System.Globalization;
using Streaming.Learning.Metrics;
using Streaming.Learning.Retraining;

namespace Streaming.Learning.Promotion;

/// <summary>
/// Decides whether new heads, on the encoder in force or on another, are taken: a proven gain on the frozen test set, no class worse than allowed, calibration, no proven
/// loss on the control slice, what recent traffic would look like, and what it costs in time.
/// </summary>
public sealed class EvaluationGate(GateSettings settings, TimeProvider time)
{
    /// <summary>A calibration error below this is as good as any.</summary>
    private const double FineCalibration = 0.05;

    /// <summary>Judges every changed head; the bundle passes when all of them do.</summary>
    public async ValueTask<GateReport> JudgeAsync(IReadOnlyList<GateCase> cases, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(cases);
        var checks = new List<GateCheck>();
        var metrics = new SortedDictionary<string, double>(StringComparer.Ordinal);
        var replays = new SortedDictionary<string, ReplayDifference>(StringComparer.Ordinal);
        foreach (var one in cases)
        {
            var name = one.Before.Head.Manifest.Name;
            await TestAsync(one, name, checks, metrics, cancellationToken).ConfigureAwait(false);
            await ControlAsync(one, name, checks, metrics, cancellationToken).ConfigureAwait(false);
            if (one.Replay.Count > 0)
                replays[name] = await ReplayAsync(one, name, checks, metrics, cancellationToken).ConfigureAwait(false);
        }

        return new GateReport { Checks = checks, Metrics = metrics, Replay = replays };
    }

    private async ValueTask TestAsync(GateCase one, string name, List<GateCheck> checks, SortedDictionary<string, double> metrics, CancellationToken cancellationToken)
    {
        if (one.Test.Count == 0)
        {
            checks.Add(new GateCheck($"{name}.test", false, $"{name}: there is no frozen test set, so nothing can be proven; name one under retraining.test."));
            return;
        }

        var (before, after) = await one.MeasureAsync(one.Test, cancellationToken).ConfigureAwait(false);
        var paired = PairedComparison.OfMicroF1(before.Samples, after.Samples, settings.Seed);
        metrics[$"{name}.test.micro_f1.before"] = before.MicroF1;
        metrics[$"{name}.test.micro_f1.after"] = after.MicroF1;
        metrics[$"{name}.test.p"] = paired.PValue;
        metrics[$"{name}.test.samples"] = one.Test.Count;
        metrics[$"{name}.test.ece.before"] = before.CalibrationError;
        metrics[$"{name}.test.ece.after"] = after.CalibrationError;
        var isGain = paired.Difference > 0 && (settings.Significance >= 1 || paired.PValue < settings.Significance);
        checks.Add(new GateCheck($"{name}.test", isGain, Text(
            $"{name}: F1 {before.MicroF1:F4} → {after.MicroF1:F4} on {one.Test.Count} frozen test samples (95 % interval of the difference {paired.Low:+0.0000;-0.0000} to {paired.High:+0.0000;-0.0000}, p {paired.PValue:F4}): {(isGain ? "a proven gain" : paired.Difference > 0 ? "a gain, but not a proven one" : "no gain")}.")));
        foreach (var (label, old) in before.Classes.OrderBy(static pair => pair.Key, StringComparer.Ordinal))
        {
            var now = after.Classes.TryGetValue(label, out var found) ? found.F1 : 0;
            metrics[$"{name}.test.f1.{label}.before"] = old.F1;
            metrics[$"{name}.test.f1.{label}.after"] = now;
            if (old.Support >= settings.MinClassSupport && old.F1 - now > settings.MaxClassDrop)
                checks.Add(new GateCheck($"{name}.class.{label}", false, Text($"{name}: the class {label} falls from {old.F1:F4} to {now:F4}, more than {settings.MaxClassDrop:F4}.")));
        }

        var most = Math.Max(before.CalibrationError, FineCalibration) + settings.MaxCalibrationRise;
        checks.Add(new GateCheck($"{name}.calibration", after.CalibrationError <= most, Text(
            $"{name}: calibration error {before.CalibrationError:F4} → {after.CalibrationError:F4}, at most {most:F4} is allowed.")));
    }

    private async ValueTask ControlAsync(GateCase one, string name, List<GateCheck> checks, SortedDictionary<string, double> metrics, CancellationToken cancellationToken)
    {
        if (one.Control.Count < settings.MinControl)
            return;
        var (before, after) = await one.MeasureAsync(one.Control, cancellationToken).ConfigureAwait(false);
        var paired = PairedComparison.OfMicroF1(before.Samples, after.Samples, settings.Seed);
        metrics[$"{name}.control.micro_f1.before"] = paired.Baseline;
        metrics[$"{name}.control.micro_f1.after"] = paired.Candidate;
        metrics[$"{name}.control.samples"] = one.Control.Count;
        var isLoss = paired is { Difference: < 0, IsSignificant: true };
        checks.Add(new GateCheck($"{name}.control", !isLoss, Text(
            $"{name}: F1 {paired.Baseline:F4} → {paired.Candidate:F4} on {one.Control.Count} texts of the control slice (p {paired.PValue:F4}): {(isLoss ? "a proven loss" : "no proven loss")}.")));
    }

    private async ValueTask<ReplayDifference> ReplayAsync(GateCase one, string name, List<GateCheck> checks, SortedDictionary<string, double> metrics, CancellationToken cancellationToken)
    {
        var (findings, times) = await one.PredictAsync(time, cancellationToken).ConfigureAwait(false);
        var (added, removed) = (new SortedDictionary<string, int>(StringComparer.Ordinal), new SortedDictionary<string, int>(StringComparer.Ordinal));
        var changed = 0;
        for (var text = 0; text < one.Replay.Count; text++)
        {
            var (old, now) = (findings[0][text], findings[1][text]);
            foreach (var finding in now.Except(old))
                added[finding.Label] = added.GetValueOrDefault(finding.Label) + 1;
            foreach (var finding in old.Except(now))
                removed[finding.Label] = removed.GetValueOrDefault(finding.Label) + 1;
            changed += old.SetEquals(now) ? 0 : 1;
        }

        var difference = new ReplayDifference(one.Replay.Count, changed, added, removed);
        metrics[$"{name}.replay.texts"] = difference.Texts;
        metrics[$"{name}.replay.changed"] = difference.Changed;
        checks.Add(new GateCheck($"{name}.replay", difference.Share <= settings.MaxReplayChange, Text(
            $"{name}: {difference.Changed} of {difference.Texts} recent texts would change ({added.Values.Sum()} annotations more, {removed.Values.Sum()} less), at most {settings.MaxReplayChange:P0} may.")));
        var ratio = times[0] > TimeSpan.Zero ? times[1] / times[0] : 1;
        metrics[$"{name}.latency.ratio"] = ratio;
        checks.Add(new GateCheck($"{name}.latency", ratio <= settings.MaxLatencyRatio, Text(
            $"{name}: {(one.SharesEncoder ? "the head takes" : "encoder and head take")} {ratio:F2} times as long on recent texts, at most {settings.MaxLatencyRatio:F2} is allowed.")));
        return difference;
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
