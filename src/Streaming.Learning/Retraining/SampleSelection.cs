using Streaming.Contracts;
using Streaming.Core.Labelling;

namespace Streaming.Learning.Retraining;

/// <summary>Which stored samples a head may learn from.</summary>
public static class SampleSelection
{
    /// <summary>All valid samples of a task up to a sequence.</summary>
    public static async Task<List<LabelledSample>> ReadAsync(ISampleStore store, string topology, LabelTask task, bool control, long through, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(store);
        var all = new List<LabelledSample>();
        long after = 0;
        while (true)
        {
            var page = await store.ListSamplesAsync(
                new SampleQuery { Topology = topology, Task = task, ValidOnly = true, ControlSlice = control, AfterSequence = after }, cancellationToken).ConfigureAwait(false);
            foreach (var stored in page)
            {
                after = stored.Sequence;
                if (stored.Sequence <= through)
                    all.Add(stored.Sample);
            }

            if (page.Count == 0 || after >= through)
                return all;
        }
    }

    /// <summary>One answer a text: an adjudicated one, else a person's, else the one most agreed upon, else the latest.</summary>
    public static List<LabelledSample> BestPerText(IEnumerable<LabelledSample> samples) =>
    [
        .. samples
            .GroupBy(static sample => sample.Text, StringComparer.Ordinal)
            .Select(static group => group
                .OrderByDescending(static sample => sample.Adjudicated)
                .ThenByDescending(static sample => sample.LabellerKind == LabellerKind.Person)
                .ThenByDescending(static sample => sample.Agreement ?? 1)
                .ThenByDescending(static sample => sample.LabelledAt)
                .ThenBy(static sample => sample.Id, StringComparer.Ordinal)
                .First()),
    ];

    /// <summary>
    /// Cuts what one source contributes where there are several: a source that floods the labels, by accident or on purpose, must not
    /// become the whole of what is learnt. What stays is told by the samples' ids, not by their order.
    /// </summary>
    /// <param name="samples">Samples.</param>
    /// <param name="share">Most that one source may be of the result, above 0 to 1.</param>
    public static List<LabelledSample> WithinQuota(IReadOnlyList<LabelledSample> samples, double share)
    {
        ArgumentNullException.ThrowIfNull(samples);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(share);
        var groups = samples.GroupBy(static sample => sample.Source ?? "", StringComparer.Ordinal).OrderByDescending(static group => group.Count()).ToList();
        if (groups.Count < 2 || share >= 1)
            return [.. samples];
        var largest = groups[0];
        // Of the result: n ≤ share · (n + others).
        var others = samples.Count - largest.Count();
        var most = Math.Max(1, (int)(others * share / (1 - share)));
        if (largest.Count() <= most)
            return [.. samples];
        var kept = largest.OrderBy(static sample => StableHash.Of(sample.Id)).Take(most).Select(static sample => sample.Id).ToHashSet(StringComparer.Ordinal);
        return [.. samples.Where(sample => (sample.Source ?? "") != largest.Key || kept.Contains(sample.Id))];
    }
}
