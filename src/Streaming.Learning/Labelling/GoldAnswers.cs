using Streaming.Contracts;
using Streaming.Learning.Data;
using Streaming.Learning.Metrics;

namespace Streaming.Learning.Labelling;

/// <summary>What a labelled file says about its texts. Immutable once filled; texts are found whatever the white space at their ends.</summary>
public sealed class GoldAnswers
{
    private readonly Dictionary<(LabelTask Task, string Text), GoldAnswer> _answers = [];
    private readonly Dictionary<LabelTask, SortedSet<string>> _labels = [];

    /// <summary>Texts with an answer, counted once a task.</summary>
    public int Count => _answers.Count;

    /// <summary>Every label of a task, in ordinal order.</summary>
    public IReadOnlyList<string> LabelsOf(LabelTask task) => _labels.TryGetValue(task, out var labels) ? [.. labels] : [];

    /// <summary>The answer for a text, or null.</summary>
    public GoldAnswer? Find(LabelTask task, string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return _answers.GetValueOrDefault((task, text.Trim()));
    }

    /// <summary>Adds samples of a data set for one task; a later answer for the same text replaces the earlier one.</summary>
    /// <param name="task">What they are labelled for.</param>
    /// <param name="samples">Texts with labels (topics, sentiment) or spans (entities, aspects).</param>
    /// <returns>Itself.</returns>
    public GoldAnswers Add(LabelTask task, IEnumerable<Sample> samples)
    {
        ArgumentNullException.ThrowIfNull(samples);
        foreach (var sample in samples)
        {
            switch (sample)
            {
                case LabelledText text when task is LabelTask.Topics or LabelTask.Sentiment:
                    Put(task, text.Text, [], text.Labels);
                    break;
                case SpannedText text when task is LabelTask.Entities or LabelTask.Aspects:
                    Put(task, text.Text, [.. text.Spans.Select(static span => new SampleSpan(span.Start, span.End, span.Label))], []);
                    break;
                case TaggedSentence sentence when task is LabelTask.Entities or LabelTask.Aspects:
                    Put(task, sentence.Text, [.. TagSpans.Read(sentence.Tags).Select(tag => new SampleSpan(sentence.Words[tag.First].Start, sentence.Words[tag.Last].End, tag.Type))], []);
                    break;
                default:
                    throw new Core.StreamingException("data_shape_wrong", $"{sample.Origin}: this data has no answers for {task.ToName()}.");
            }
        }

        return this;
    }

    /// <summary>Adds valid samples of a store or an export.</summary>
    /// <returns>Itself.</returns>
    public GoldAnswers Add(IEnumerable<LabelledSample> samples)
    {
        ArgumentNullException.ThrowIfNull(samples);
        foreach (var sample in samples)
        {
            if (sample.Validity == SampleValidity.Valid)
                Put(sample.Task, sample.Text, sample.Spans, sample.Labels);
        }

        return this;
    }

    private void Put(LabelTask task, string text, IReadOnlyList<SampleSpan> spans, IReadOnlyList<string> labels)
    {
        // Spans are of the text as it stands in the file; who asks may have other white space around it.
        var lead = text.Length - text.TrimStart().Length;
        _answers[(task, text.Trim())] = new GoldAnswer([.. spans.Select(span => span with { Start = span.Start - lead, End = span.End - lead })], labels);
        if (!_labels.TryGetValue(task, out var known))
            _labels[task] = known = new SortedSet<string>(StringComparer.Ordinal);
        known.UnionWith(labels);
        known.UnionWith(spans.Select(static span => span.Label));
    }
}

/// <summary>The right answer for one text and task.</summary>
/// <param name="Spans">Spans of the text without white space at its ends.</param>
/// <param name="Labels">Labels of the whole text.</param>
public sealed record GoldAnswer(IReadOnlyList<SampleSpan> Spans, IReadOnlyList<string> Labels)
{
    /// <summary>The spans in a text that has white space at its beginning.</summary>
    internal IReadOnlyList<SampleSpan> In(string text)
    {
        var lead = text.Length - text.TrimStart().Length;
        return lead == 0 ? Spans : [.. Spans.Select(span => span with { Start = span.Start + lead, End = span.End + lead })];
    }
}
