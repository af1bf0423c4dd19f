using Streaming.Contracts;
using Streaming.Core.Labelling;
using Streaming.Core.Models.Bundle;

namespace Streaming.Learning.Retraining;

/// <summary>What a head learns from, and is measured on, in one retraining.</summary>
/// <param name="Head">The head, as it is in force.</param>
/// <param name="Samples">All there is to learn from: what people labelled beforehand, then stored labels.</param>
/// <param name="Stored">The stored labels among them.</param>
/// <param name="Test">The frozen test set.</param>
/// <param name="Control">Labels of the control slice.</param>
internal sealed record Lesson(
    HeadManifest Head, IReadOnlyList<LearningSample> Samples, IReadOnlyList<LabelledSample> Stored, IReadOnlyList<LearningSample> Test, IReadOnlyList<LearningSample> Control)
{
    /// <summary>Reads it.</summary>
    /// <param name="store">The labels.</param>
    /// <param name="plan">With a test set for the head's task.</param>
    /// <param name="head">The head.</param>
    /// <param name="through">Labels up to this sequence.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    public static async ValueTask<Lesson> ReadAsync(ISampleStore store, RetrainPlan plan, HeadManifest head, long through, CancellationToken cancellationToken)
    {
        var task = LearningSample.TaskOf(head.Task);
        var test = LearningSample.ReadFile(plan.Tests[head.Task], head);
        var frozen = test.Select(static sample => sample.Text).ToHashSet(StringComparer.Ordinal);
        var control = LearningSample.From(SampleSelection.BestPerText(await SampleSelection.ReadAsync(store, plan.Topology, task, true, through, cancellationToken).ConfigureAwait(false)), head, out _);
        // A text that is measured on is not learnt from, however it got among the labels.
        frozen.UnionWith(control.Select(static sample => sample.Text));
        var stored = SampleSelection.WithinQuota(
            [.. SampleSelection.BestPerText(await SampleSelection.ReadAsync(store, plan.Topology, task, false, through, cancellationToken).ConfigureAwait(false)).Where(sample => !frozen.Contains(sample.Text))],
            plan.MaxSourceShare);
        var labelled = LearningSample.From(stored, head, out _);
        var learnt = labelled.Select(static sample => sample.Id).ToHashSet(StringComparer.Ordinal);
        var originals = plan.Originals.TryGetValue(head.Task, out var file)
            ? LearningSample.ReadFile(file, head).FindAll(sample => !frozen.Contains(sample.Text))
            : [];
        return new Lesson(head, [.. originals, .. labelled], stored.FindAll(sample => learnt.Contains(sample.Id)), test, control);
    }

    /// <summary>The samples in two parts, the second held out to calibrate. A text is in the same part each time.</summary>
    /// <param name="share">Of the second part, 0–1.</param>
    public (List<LearningSample> Train, List<LearningSample> HeldOut) Split(double share)
    {
        var heldOut = Samples.Where(sample => StableHash.Of(sample.Text) % 1000 < share * 1000).ToList();
        return ([.. Samples.Except(heldOut)], heldOut);
    }
}
