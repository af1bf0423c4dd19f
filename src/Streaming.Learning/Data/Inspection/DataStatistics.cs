using Streaming.Learning.Metrics;

namespace Streaming.Learning.Data.Inspection;

/// <summary>What a data set consists of.</summary>
public sealed record DataStatistics
{
    /// <summary>Texts or sentences.</summary>
    public required int Samples { get; init; }

    /// <summary>Documents, where the file says so; otherwise 0.</summary>
    public required int Documents { get; init; }

    /// <summary>Texts that differ, case and white space not counted.</summary>
    public required int DistinctTexts { get; init; }

    /// <summary>Words in all: as the data gives them, or as serving finds them.</summary>
    public required long Words { get; init; }

    /// <summary>UTF-16 code units of a text: median, 95th percentile, longest.</summary>
    public required LengthSummary Length { get; init; }

    /// <summary>Samples with at least one span or label.</summary>
    public required int Annotated { get; init; }

    /// <summary>Per label: how often, and for spans how many different surfaces and the mean number of words.</summary>
    public required IReadOnlyDictionary<string, LabelSummary> Labels { get; init; }

    /// <summary>Surfaces that occur with more than one label.</summary>
    public required int AmbiguousSurfaces { get; init; }

    /// <summary>Counts a data set.</summary>
    public static DataStatistics Of(IReadOnlyList<Sample> samples)
    {
        var lengths = samples.Select(static s => s.Text.Length).Order().ToList();
        var labels = new SortedDictionary<string, (int Count, HashSet<string> Surfaces, long Words)>(StringComparer.Ordinal);
        var surfaces = new Dictionary<string, HashSet<string>>(StringComparer.Ordinal);
        long words = 0;
        var annotated = 0;
        foreach (var sample in samples)
        {
            var segmented = sample is TaggedSentence sentence ? sentence.Words : SampleLoader.SegmentedWords(sample.Text);
            words += segmented.Count;
            if (sample is LabelledText text)
            {
                annotated += text.Labels.Count > 0 ? 1 : 0;
                foreach (var label in text.Labels)
                    labels[label] = (labels.GetValueOrDefault(label).Count + 1, labels.GetValueOrDefault(label).Surfaces ?? [], 0);
                continue;
            }

            var spans = SpansOf(sample);
            annotated += spans.Count > 0 ? 1 : 0;
            foreach (var span in spans)
            {
                var surface = sample.Text[span.Start..span.End];
                var (count, seen, covered) = labels.GetValueOrDefault(span.Label);
                seen ??= new HashSet<string>(StringComparer.Ordinal);
                seen.Add(surface);
                labels[span.Label] = (count + 1, seen, covered + segmented.Count(w => w.Start < span.End && w.End > span.Start));
                if (!surfaces.TryGetValue(surface, out var kinds))
                    surfaces.Add(surface, kinds = new HashSet<string>(StringComparer.Ordinal));
                kinds.Add(span.Label);
            }
        }

        return new DataStatistics
        {
            Samples = samples.Count,
            Documents = samples.Where(static s => s.Document >= 0).Select(static s => s.Document).Distinct().Count(),
            DistinctTexts = samples.Select(static s => DataLint.KeyOf(s.Text)).Distinct(StringComparer.Ordinal).Count(),
            Words = words,
            Length = new LengthSummary(At(lengths, 0.5), At(lengths, 0.95), lengths.Count == 0 ? 0 : lengths[^1]),
            Annotated = annotated,
            Labels = new SortedDictionary<string, LabelSummary>(
                labels.ToDictionary(static l => l.Key, static l => new LabelSummary(l.Value.Count, l.Value.Surfaces.Count, (double)l.Value.Words / l.Value.Count)), StringComparer.Ordinal),
            AmbiguousSurfaces = surfaces.Count(static s => s.Value.Count > 1),
        };
    }

    /// <summary>Spans of a sample as characters; none for a text with labels.</summary>
    internal static IReadOnlyList<LabelledSpan> SpansOf(Sample sample) => sample switch
    {
        SpannedText text => text.Spans,
        TaggedSentence sentence => Iob2.ToCharacters(TagSpans.Read(sentence.Tags), sentence.Words),
        _ => [],
    };

    /// <summary>How often each label occurs.</summary>
    internal static SortedDictionary<string, int> CountLabels(IReadOnlyList<Sample> samples)
    {
        var counts = new SortedDictionary<string, int>(StringComparer.Ordinal);
        foreach (var label in samples.SelectMany(static s => s is LabelledText text ? text.Labels : SpansOf(s).Select(static span => span.Label)))
            counts[label] = counts.GetValueOrDefault(label) + 1;
        return counts;
    }

    private static int At(List<int> sorted, double share) => sorted.Count == 0 ? 0 : sorted[(int)Math.Ceiling(share * sorted.Count) - 1];
}

/// <summary>Lengths of texts in UTF-16 code units.</summary>
/// <param name="Median">Half of the texts are no longer.</param>
/// <param name="Percentile95">95 % are no longer.</param>
/// <param name="Longest">None is longer.</param>
public sealed record LengthSummary(int Median, int Percentile95, int Longest);

/// <summary>How a label occurs.</summary>
/// <param name="Count">How often.</param>
/// <param name="Surfaces">Different surfaces of its spans; 0 for labels of texts.</param>
/// <param name="MeanWords">Words a span; 0 for labels of texts.</param>
public sealed record LabelSummary(int Count, int Surfaces, double MeanWords);
