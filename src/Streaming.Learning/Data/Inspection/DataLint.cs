using System.Globalization;

namespace Streaming.Learning.Data.Inspection;

/// <summary>Looks for what makes a data set teach or measure the wrong thing: overlaps, contradictions, broken or empty annotations, imbalance.</summary>
public static class DataLint
{
    private const int PlacesShown = 5;
    private const int RareBelow = 5;
    private const double ImbalanceFrom = 50;
    private const int LongSpanWords = 12;

    /// <summary>Checks a data set, alone and against others.</summary>
    /// <param name="samples">The data set.</param>
    /// <param name="others">Other parts by name, such as the test set of a train set: no text may be in both.</param>
    /// <returns>Findings, errors first.</returns>
    public static IReadOnlyList<DataFinding> Check(IReadOnlyList<Sample> samples, IReadOnlyDictionary<string, IReadOnlyList<Sample>> others)
    {
        var findings = new List<DataFinding?>();
        if (samples.Count == 0)
            return [new DataFinding("no_samples", true, 0, "The file has no sample.", [])];
        findings.Add(EmptyTexts(samples));
        findings.AddRange(Repeats(samples));
        findings.AddRange(others.Select(other => Overlap(samples, other.Key, other.Value)));
        findings.AddRange(SpanShapes(samples));
        findings.Add(Unlabelled(samples));
        findings.AddRange(LabelCounts(samples, others));
        findings.Add(MixedSurfaces(samples));
        findings.Add(ControlCharacters(samples));
        return [.. findings.OfType<DataFinding>().OrderByDescending(static f => f.IsError)];
    }

    /// <summary>What texts are compared by: case and white space do not tell two texts apart.</summary>
    internal static string KeyOf(string text) =>
        string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)).ToLowerInvariant();

    private static DataFinding? EmptyTexts(IReadOnlyList<Sample> samples) => Finding(
        "text_empty", true, samples.Where(static s => string.IsNullOrWhiteSpace(s.Text)).Select(static s => s.Origin), "samples have no text. Leave them out.");

    private static IEnumerable<DataFinding?> Repeats(IReadOnlyList<Sample> samples)
    {
        var repeated = new List<string>();
        var contradicting = new List<string>();
        foreach (var group in samples.Where(static s => !string.IsNullOrWhiteSpace(s.Text)).GroupBy(static s => KeyOf(s.Text), StringComparer.Ordinal))
        {
            var members = group.ToList();
            if (members.Count < 2)
                continue;
            var same = members.Select(AnnotationOf).Distinct(StringComparer.Ordinal).Count() == 1;
            (same ? repeated : contradicting).AddRange(members.Skip(1).Select(m => $"{m.Origin} (first at {members[0].Origin})"));
        }

        yield return Finding("text_contradictory", true, contradicting, "samples repeat a text with other annotations. Decide for one.");
        yield return Finding("text_repeated", false, repeated, "samples repeat a text with the same annotations. They count twice.");
    }

    private static DataFinding? Overlap(IReadOnlyList<Sample> samples, string name, IReadOnlyList<Sample> other)
    {
        var there = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var sample in other)
            there.TryAdd(KeyOf(sample.Text), sample.Origin);
        var shared = samples.Where(s => !string.IsNullOrWhiteSpace(s.Text) && there.ContainsKey(KeyOf(s.Text))).Select(s => $"{s.Origin} = {there[KeyOf(s.Text)]}");
        return Finding("overlap", true, shared, $"samples are also in {name}. A model trained on one is not measured honestly on the other: leave them out of one.");
    }

    private static IEnumerable<DataFinding?> SpanShapes(IReadOnlyList<Sample> samples)
    {
        var spaced = new List<string>();
        var cutting = new List<string>();
        var longer = new List<string>();
        foreach (var sample in samples)
        {
            if (sample is SpannedText text)
            {
                IReadOnlyList<CharSpan>? words = null;
                foreach (var span in text.Spans)
                {
                    var surface = text.Text.AsSpan(span.Start, span.End - span.Start);
                    var place = $"{text.Origin} '{DataErrors.Quote(surface.ToString())}'";
                    if (char.IsWhiteSpace(surface[0]) || char.IsWhiteSpace(surface[^1]))
                        spaced.Add(place);
                    words ??= SampleLoader.SegmentedWords(text.Text);
                    if (words.Any(w => (w.Start < span.Start && span.Start < w.End) || (w.Start < span.End && span.End < w.End)))
                        cutting.Add(place);
                    if (words.Count(w => w.Start < span.End && w.End > span.Start) > LongSpanWords)
                        longer.Add(place);
                }
            }
            else if (sample is TaggedSentence sentence)
            {
                foreach (var span in Metrics.TagSpans.Read(sentence.Tags))
                {
                    if (span.Last - span.First + 1 > LongSpanWords)
                        longer.Add($"{sentence.Origin} '{DataErrors.Quote(sentence.Text[sentence.Words[span.First].Start..sentence.Words[span.Last].End])}'");
                }
            }
        }

        yield return Finding("span_white_space", true, spaced, "spans start or end with white space. Trim them.");
        yield return Finding("span_cuts_word", false, cutting, "spans start or end inside a word. Training widens them to whole words.");
        yield return Finding("span_long", false, longer, $"spans have more than {LongSpanWords} words. Check that they end where they should.");
    }

    private static DataFinding? Unlabelled(IReadOnlyList<Sample> samples)
    {
        if (samples[0] is LabelledText)
            return Finding("label_missing", true, samples.OfType<LabelledText>().Where(static s => s.Labels.Count == 0).Select(static s => s.Origin), "samples have no label.");
        var empty = samples.Where(static s => DataStatistics.SpansOf(s).Count == 0).Select(static s => s.Origin).ToList();
        return empty.Count == samples.Count
            ? new DataFinding("spans_missing", true, empty.Count, "No sample has a span.", [.. empty.Take(PlacesShown)])
            : null;
    }

    private static IEnumerable<DataFinding?> LabelCounts(IReadOnlyList<Sample> samples, IReadOnlyDictionary<string, IReadOnlyList<Sample>> others)
    {
        var counts = DataStatistics.CountLabels(samples);
        yield return Finding(
            "label_rare", false, counts.Where(static c => c.Value < RareBelow).Select(static c => $"{c.Key} ({c.Value})"), $"labels occur less than {RareBelow} times. Too few to learn or to measure.");
        if (counts.Count > 1 && counts.Values.Max() >= ImbalanceFrom * counts.Values.Min())
        {
            var (most, least) = (counts.MaxBy(static c => c.Value), counts.MinBy(static c => c.Value));
            yield return new DataFinding(
                "label_imbalance", false, counts.Count,
                string.Create(CultureInfo.InvariantCulture, $"'{most.Key}' occurs {most.Value} times and '{least.Key}' {least.Value} times. Look at macro scores, and think of class weights."), []);
        }

        foreach (var (name, other) in others)
        {
            var there = DataStatistics.CountLabels(other);
            yield return Finding(
                "label_only_there", true, there.Keys.Where(label => !counts.ContainsKey(label)).Select(label => $"{label} ({there[label]} in {name})"),
                $"labels occur in {name} and not in this file. What is not taught can't be found: map or leave them out.");
        }
    }

    private static DataFinding? MixedSurfaces(IReadOnlyList<Sample> samples)
    {
        // The polarity of an aspect is not the surface's own.
        if (DataStatistics.CountLabels(samples).Keys.All(static label => label is "positive" or "negative" or "neutral"))
            return null;
        var mixed = samples.SelectMany(s => DataStatistics.SpansOf(s).Select(span => (Surface: s.Text[span.Start..span.End], span.Label)))
            .GroupBy(static s => s.Surface, StringComparer.Ordinal)
            .Select(static g => (Surface: g.Key, Labels: g.GroupBy(static s => s.Label).OrderByDescending(static l => l.Count()).ToList()))
            // Once in twenty is more likely a slip than a second meaning.
            .Where(static g => g.Labels.Count > 1 && g.Labels[0].Count() >= 20 * g.Labels[^1].Count())
            .OrderByDescending(static g => g.Labels[0].Count())
            .Select(static g => $"'{DataErrors.Quote(g.Surface)}': {string.Join(", ", g.Labels.Select(static l => $"{l.Key} {l.Count()}"))}");
        return Finding("label_slips", false, mixed, "surfaces nearly always have one label and now and then another. Check the odd ones.");
    }

    private static DataFinding? ControlCharacters(IReadOnlyList<Sample> samples) => Finding(
        "control_characters", false, samples.Where(static s => s.Text.Any(static c => char.IsControl(c) && c is not ('\n' or '\r' or '\t'))).Select(static s => s.Origin),
        "texts have control characters. They are often the trace of a wrong conversion.");

    private static string AnnotationOf(Sample sample) => sample is LabelledText text
        ? string.Join('|', text.Labels.Order(StringComparer.Ordinal))
        : string.Join('|', DataStatistics.SpansOf(sample).Select(s => $"{KeyOf(sample.Text[s.Start..s.End])}:{s.Label}"));

    private static DataFinding? Finding(string code, bool isError, IEnumerable<string> places, string what)
    {
        var list = places.ToList();
        return list.Count == 0 ? null : new DataFinding(code, isError, list.Count, $"{list.Count} {what}", [.. list.Take(PlacesShown)]);
    }
}
