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

    // Documents between two looks at where the line is; a look costs some microseconds.
    private const int LookEvery = 20;

    private readonly Dictionary<LabelTask, RecentValues> _confidences = [];
    private readonly Queue<(LabelTask Task, double Confidence)[]> _documents = new(Window);
    private readonly List<double> _places = new(Window);
    private double _cut;
    private int _seen;

    /// <summary>Takes a document's confidences in.</summary>
    /// <returns>Whether its thresholds are told by <see cref="Of"/>; false while too few were seen.</returns>
    public bool See(IEnumerable<(LabelTask Task, double Confidence)> document)
    {
        (LabelTask Task, double Confidence)[] values = [.. document];
        foreach (var (task, confidence) in values)
        {
            if (!_confidences.TryGetValue(task, out var recent))
                _confidences[task] = recent = new RecentValues(Window);
            recent.Add(confidence);
        }

        if (_documents.Count == Window)
            _documents.Dequeue();
        _documents.Enqueue(values);
        if (_seen++ % LookEvery == 0)
            Look();
        return _seen >= Least;
    }

    // Where the latest documents stand among themselves, as of now: what they stood at when they came says nothing after a drift.
    private void Look()
    {
        _places.Clear();
        foreach (var document in _documents)
        {
            var place = 1.0;
            foreach (var (task, confidence) in document)
                place = Math.Min(place, _confidences[task].RankOf(confidence));
            _places.Add(place);
        }

        _places.Sort();
        _cut = _places[Math.Min((int)(share * _places.Count), _places.Count - 1)];
    }

    /// <summary>Confidence of a task below which the document just seen is a candidate.</summary>
    public double Of(LabelTask task) => _confidences.TryGetValue(task, out var recent) ? recent.At(_cut) : 0;
}
