namespace Streaming.Learning.Metrics;

/// <summary>Counts right, predicted and gold spans, sentence by sentence. A span given twice in one sentence counts once.</summary>
public sealed class SpanCounter
{
    private readonly SortedDictionary<string, Counts> _types = new(StringComparer.Ordinal);
    private readonly List<SampleCounts> _samples = [];

    /// <summary>Counts of each sentence in the order added, for resampling.</summary>
    public IReadOnlyList<SampleCounts> Samples => _samples;

    /// <summary>Adds one sentence.</summary>
    public void Add(IReadOnlyCollection<TagSpan> gold, IReadOnlyCollection<TagSpan> predicted)
    {
        var goldSet = new HashSet<TagSpan>(gold);
        var predictedSet = new HashSet<TagSpan>(predicted);
        var correct = 0;
        foreach (var span in goldSet)
            Of(span.Type).Gold++;
        foreach (var span in predictedSet)
        {
            var counts = Of(span.Type);
            counts.Predicted++;
            if (!goldSet.Contains(span))
                continue;
            counts.Correct++;
            correct++;
        }

        _samples.Add(new SampleCounts(correct, predictedSet.Count, goldSet.Count));
    }

    /// <summary>The scores so far.</summary>
    public SpanReport ToReport()
    {
        var types = new SortedDictionary<string, PrecisionRecall>(StringComparer.Ordinal);
        var (correct, predicted, gold) = (0, 0, 0);
        foreach (var (type, counts) in _types)
        {
            types.Add(type, PrecisionRecall.FromCounts(counts.Correct, counts.Predicted, counts.Gold));
            correct += counts.Correct;
            predicted += counts.Predicted;
            gold += counts.Gold;
        }

        return new SpanReport(
            PrecisionRecall.FromCounts(correct, predicted, gold),
            PrecisionRecall.Macro(types.Values),
            PrecisionRecall.Weighted(types.Values),
            types);
    }

    private Counts Of(string type)
    {
        if (!_types.TryGetValue(type, out var counts))
            _types.Add(type, counts = new Counts());
        return counts;
    }

    private sealed class Counts
    {
        public int Correct;
        public int Predicted;
        public int Gold;
    }
}

/// <summary>Counts of one sentence.</summary>
public readonly record struct SampleCounts(int Correct, int Predicted, int Gold);
