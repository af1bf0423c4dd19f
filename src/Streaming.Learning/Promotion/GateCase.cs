using Streaming.Learning.Data;
using Streaming.Learning.Retraining;

namespace Streaming.Learning.Promotion;

/// <summary>One head to judge: as it is in force, as it would be, and on what.</summary>
public sealed record GateCase
{
    /// <summary>In force.</summary>
    public required GateSide Before { get; init; }

    /// <summary>Candidate.</summary>
    public required GateSide After { get; init; }

    /// <summary>The frozen test set; never trained on.</summary>
    public required IReadOnlyList<LearningSample> Test { get; init; }

    /// <summary>Labelled texts of the control slice; never trained on.</summary>
    public IReadOnlyList<LearningSample> Control { get; init; } = [];

    /// <summary>Recent texts.</summary>
    public IReadOnlyList<string> Replay { get; init; } = [];

    /// <summary>Whether only the head is another.</summary>
    public bool SharesEncoder => ReferenceEquals(Before.Learner, After.Learner);

    /// <summary>Measures both on the same samples; with one pass where they share the encoder.</summary>
    internal async Task<(HeadMeasurement Before, HeadMeasurement After)> MeasureAsync(IReadOnlyList<LearningSample> samples, CancellationToken cancellationToken)
    {
        if (SharesEncoder)
        {
            var both = await Before.Learner.MeasureAsync([Before.Head, After.Head], samples, cancellationToken).ConfigureAwait(false);
            return (both[0], both[1]);
        }

        var before = await Before.Learner.MeasureAsync([Before.Head], samples, cancellationToken).ConfigureAwait(false);
        var after = await After.Learner.MeasureAsync([After.Head], samples, cancellationToken).ConfigureAwait(false);
        return (before[0], after[0]);
    }

    /// <summary>
    /// What both find in the recent texts, and the median time of a text, which other work on the machine moves little: of the heads alone
    /// where they share the encoder, of encoder and head otherwise.
    /// </summary>
    internal async Task<(IReadOnlyList<HashSet<LabelledSpan>>[] Findings, TimeSpan[] Times)> PredictAsync(TimeProvider time, CancellationToken cancellationToken)
    {
        if (SharesEncoder)
        {
            var (findings, times) = await Before.Learner.PredictAsync([Before.Head, After.Head], Replay, time, cancellationToken).ConfigureAwait(false);
            return ([findings[0], findings[1]], [Median(times[0]), Median(times[1])]);
        }

        GateSide[] sides = [Before, After];
        var found = new[] { new HashSet<LabelledSpan>[Replay.Count], new HashSet<LabelledSpan>[Replay.Count] };
        var taken = new[] { new List<TimeSpan>(Replay.Count), new List<TimeSpan>(Replay.Count) };
        for (var text = 0; text < Replay.Count; text++)
        {
            // In turns, so that what else the machine does meets both.
            for (var turn = 0; turn < sides.Length; turn++)
            {
                var side = (text + turn) % sides.Length;
                var started = time.GetTimestamp();
                var (findings, _) = await sides[side].Learner.PredictAsync([sides[side].Head], [Replay[text]], time, cancellationToken).ConfigureAwait(false);
                taken[side].Add(time.GetElapsedTime(started));
                found[side][text] = findings[0][0];
            }
        }

        return ([found[0], found[1]], [Median(taken[0]), Median(taken[1])]);
    }

    private static TimeSpan Median(IReadOnlyList<TimeSpan> times) => times.Order().ElementAtOrDefault(times.Count / 2);
}
