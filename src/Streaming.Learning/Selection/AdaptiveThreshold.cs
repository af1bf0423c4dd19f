using Streaming.Contracts;

namespace Streaming.Learning.Selection;

/// <summary>
/// Thresholds of confidence that move with the model's confidence, so that doubt makes a set share of all documents candidates, however
/// sure or unsure the model becomes. A document stands where its least sure task stands among the latest documents; those that stand
/// among the lowest share are candidates. Not safe for concurrent use.
/// </summary>
/// <param name="share">Share of documents, above 0 to 1.</param>
internal sealed class AdaptiveThreshold(double share)
{
    /// <summary>Documents it looks back on.</summary>
    public const int Window = 1_000;

    /// <summary>Documents it must have seen before it says anything.</summary>
    public const int Least = 100;

    private readonly Dictionary<LabelTask, RecentValues> _confidences = [];
    private readonly RecentValues _places = new(Window);
    private double _cut;

    /// <summary>Takes a document's confidences in.</summary>
    /// <returns>Whether its thresholds are told by <see cref="Of"/>; false while too few were seen.</returns>
    public bool See(IEnumerable<(LabelTask Task, double Confidence)> document)
    {
        var place = 1.0;
        foreach (var (task, confidence) in document)
        {
            if (!_confidences.TryGetValue(task, out var recent))
                _confidences[task] = recent = new RecentValues(Window);
            place = Math.Min(place, recent.RankOf(confidence));
            recent.Add(confidence);
        }

        var tells = _places.Count >= Least;
        _cut = _places.At(share);
        _places.Add(place);
        return tells;
    }

    /// <summary>Confidence of a task below which the document just seen is a candidate.</summary>
    public double Of(LabelTask task) => _confidences.TryGetValue(task, out var recent) ? recent.At(_cut) : 0;
}
