using Streaming.Contracts;

namespace Streaming.Learning.Labelling;

/// <summary>How far two people agree on the texts that both have labelled.</summary>
/// <param name="Task">Task.</param>
/// <param name="First">One of them.</param>
/// <param name="Second">The other.</param>
/// <param name="Texts">Texts that both have labelled.</param>
/// <param name="Same">Texts on which they say the same.</param>
/// <param name="Kappa">Cohen's kappa (1960) of the texts' labels, −1 to 1; null for spans, and where both always say one and the same.</param>
/// <param name="SpanF1">F1 of one's spans held against the other's, 0–1; null for labels of whole texts, and where neither has a span.</param>
public sealed record AnnotatorAgreement(LabelTask Task, string First, string Second, int Texts, int Same, double? Kappa, double? SpanF1)
{
    /// <summary>Agreement of every two people on every task. Adjudications do not count: they were made knowing the others.</summary>
    public static IReadOnlyList<AnnotatorAgreement> Of(IEnumerable<LabelledSample> samples)
    {
        ArgumentNullException.ThrowIfNull(samples);
        var result = new List<AnnotatorAgreement>();
        var byTask = samples.Where(static sample => sample is { LabellerKind: LabellerKind.Person, Validity: SampleValidity.Valid, Adjudicated: false }).GroupBy(static sample => sample.Task).OrderBy(static group => group.Key);
        foreach (var task in byTask)
        {
            var people = task.GroupBy(static sample => sample.Labeller).OrderBy(static group => group.Key, StringComparer.Ordinal)
                .Select(static group => (Name: group.Key, Answers: group.ToDictionary(static sample => sample.RequestId))).ToList();
            for (var i = 0; i < people.Count; i++)
            {
                for (var j = i + 1; j < people.Count; j++)
                {
                    var both = people[i].Answers.Keys.Where(people[j].Answers.ContainsKey).Select(id => (people[i].Answers[id], people[j].Answers[id])).ToList();
                    if (both.Count > 0)
                        result.Add(Of(task.Key, people[i].Name, people[j].Name, both));
                }
            }
        }

        return result;
    }

    /// <summary>Whether two answers say the same.</summary>
    public static bool SaysTheSame(LabelledSample first, LabelledSample second)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        return first.Validity == second.Validity && first.Spans.ToHashSet().SetEquals(second.Spans) && first.Labels.ToHashSet().SetEquals(second.Labels);
    }

    private static AnnotatorAgreement Of(LabelTask task, string first, string second, List<(LabelledSample First, LabelledSample Second)> both)
    {
        var same = both.Count(static pair => SaysTheSame(pair.First, pair.Second));
        var spans = task is LabelTask.Entities or LabelTask.Aspects;
        return new AnnotatorAgreement(task, first, second, both.Count, same, spans ? null : CohensKappa(both), spans ? F1(both) : null);
    }

    private static double? CohensKappa(List<(LabelledSample First, LabelledSample Second)> both)
    {
        var pairs = both.ConvertAll(static pair => (First: Category(pair.First), Second: Category(pair.Second)));
        var observed = (double)pairs.Count(static pair => pair.First == pair.Second) / pairs.Count;
        var expected = pairs.Select(static pair => pair.First).Distinct()
            .Sum(category => (double)pairs.Count(pair => pair.First == category) / pairs.Count * pairs.Count(pair => pair.Second == category) / pairs.Count);
        return expected >= 1 ? null : (observed - expected) / (1 - expected);
    }

    private static double? F1(List<(LabelledSample First, LabelledSample Second)> both)
    {
        var all = both.Sum(static pair => pair.First.Spans.Count + pair.Second.Spans.Count);
        return all == 0 ? null : 2.0 * both.Sum(static pair => pair.First.Spans.Count(pair.Second.Spans.Contains)) / all;
    }

    private static string Category(LabelledSample sample) => string.Join('\0', sample.Labels.Order(StringComparer.Ordinal));
}
