using Streaming.Contracts;

namespace Streaming.Learning.Labelling;

/// <summary>Counts what several replies say about one text: what more than half of them say is kept.</summary>
internal static class VoteCounter
{
    /// <summary>The majority's spans, and the mean share of the votes behind them; with none kept, the share that says there is none.</summary>
    public static (IReadOnlyList<SampleSpan> Spans, double Agreement) Spans(IReadOnlyList<IReadOnlyList<SampleSpan>> votes)
    {
        var counts = new Dictionary<SampleSpan, int>();
        foreach (var span in votes.SelectMany(static vote => vote))
            counts[span] = counts.GetValueOrDefault(span) + 1;
        var kept = counts.Where(count => 2 * count.Value > votes.Count).OrderBy(static count => count.Key.Start).ThenByDescending(static count => count.Key.End).ToList();
        return kept.Count > 0
            ? ([.. kept.Select(static count => count.Key)], kept.Average(count => (double)count.Value / votes.Count))
            : ([], (double)votes.Count(static vote => vote.Count == 0) / votes.Count);
    }

    /// <summary>The majority's labels, and the mean share of the votes behind them; no label when none has a majority.</summary>
    public static (IReadOnlyList<string> Labels, double Agreement) Labels(IReadOnlyList<IReadOnlyList<string>> votes)
    {
        var kept = votes.SelectMany(static vote => vote).GroupBy(static label => label).Where(group => 2 * group.Count() > votes.Count).OrderByDescending(static group => group.Count()).ThenBy(static group => group.Key, StringComparer.Ordinal).ToList();
        return kept.Count == 0 ? ([], 0) : ([.. kept.Select(static group => group.Key)], kept.Average(group => (double)group.Count() / votes.Count));
    }
}
