using Streaming.Contracts;
using Streaming.Core.Models.Bundle;
using Streaming.Learning.Data;

namespace Streaming.Learning.Retraining;

/// <summary>A labelled text in the form that a head learns from.</summary>
public sealed record LearningSample
{
    /// <summary>Words and spans; null for a head on whole texts.</summary>
    public TaggedText? Tagged { get; init; }

    /// <summary>Text and class; null for a head on words.</summary>
    public ClassifiedText? Classified { get; init; }

    /// <summary>True when a machine made the label, false when a person did.</summary>
    public required bool IsDistilled { get; init; }

    /// <summary>Where the text came from; null when nobody said.</summary>
    public string? Source { get; init; }

    /// <summary>Identity of the labelled sample, for the ledger; null for a sample of a file.</summary>
    public string? Id { get; init; }

    /// <summary>The text.</summary>
    public string Text => Tagged?.Text ?? Classified!.Text;

    /// <summary>Turns stored samples into what a head learns from; those that the head has no label for are left out and counted.</summary>
    /// <param name="samples">Valid samples of the head's task.</param>
    /// <param name="head">The head.</param>
    /// <param name="leftOut">How many were left out.</param>
    public static List<LearningSample> From(IEnumerable<LabelledSample> samples, HeadManifest head, out int leftOut)
    {
        var types = TypesOf(head);
        var result = new List<LearningSample>();
        leftOut = 0;
        foreach (var sample in samples)
        {
            var made = head.Unit == HeadUnit.Token ? Tag(sample, types) : Classify(sample, head.Labels);
            if (made is null)
                leftOut++;
            else
                result.Add(made);
        }

        return result;
    }

    /// <summary>Reads a file of labelled texts (JSON lines: <c>text</c> with <c>spans</c> or <c>label</c>) as samples that people labelled.</summary>
    public static List<LearningSample> ReadFile(string path, HeadManifest head)
    {
        var full = Path.GetFullPath(path);
        if (!File.Exists(full))
            throw DataErrors.Missing(path);
        var loader = new SampleLoader(Path.GetDirectoryName(full)!);
        var source = new Recipes.DataSource { Name = Path.GetFileName(full), File = Path.GetFileName(full), Format = DataFormat.Jsonl, Licence = "" };
        return head.Unit == HeadUnit.Token
            ? loader.Tagged(source, TypesOf(head)).ConvertAll(static text => new LearningSample { Tagged = text, IsDistilled = false })
            : loader.Classified(source, head.Labels).ConvertAll(static text => new LearningSample { Classified = text, IsDistilled = false });
    }

    /// <summary>Span types of a head on words.</summary>
    public static IReadOnlyList<string> TypesOf(HeadManifest head) =>
        [.. head.Labels.Where(static label => label.StartsWith("B-", StringComparison.Ordinal)).Select(static label => label[2..])];

    /// <summary>The task of samples that teach a head.</summary>
    public static LabelTask TaskOf(HeadTask task) => task switch
    {
        HeadTask.Ner => LabelTask.Entities,
        HeadTask.Topic => LabelTask.Topics,
        HeadTask.Sentiment => LabelTask.Sentiment,
        HeadTask.Absa => LabelTask.Aspects,
        _ => throw new InvalidOperationException($"There are no labelled samples for {task}: this is a bug."),
    };

    private static LearningSample? Tag(LabelledSample sample, IReadOnlyList<string> types)
    {
        var spans = new List<LabelledSpan>();
        var end = 0;
        // Spans may nest; tags cannot: of those that overlap, the first and longest stays.
        foreach (var span in sample.Spans.OrderBy(static s => s.Start).ThenByDescending(static s => s.End))
        {
            if (!types.Contains(span.Label))
                return null;
            if (span.Start < end)
                continue;
            spans.Add(new LabelledSpan(span.Start, span.End, span.Label));
            end = span.End;
        }

        var words = SampleLoader.SegmentedWords(sample.Text);
        if (words.Count == 0)
            return null;
        return new LearningSample
        {
            Tagged = new TaggedText(sample.Text, words, Iob2.FromCharacters(spans, words), null, "labelled", spans),
            IsDistilled = sample.LabellerKind != LabellerKind.Person,
            Source = sample.Source,
            Id = sample.Id,
        };
    }

    private static LearningSample? Classify(LabelledSample sample, IReadOnlyList<string> labels)
    {
        if (sample.Labels is not [var label])
            return null;
        for (var i = 0; i < labels.Count; i++)
        {
            if (labels[i] == label)
            {
                return new LearningSample
                {
                    Classified = new ClassifiedText(sample.Text, i, "labelled"),
                    IsDistilled = sample.LabellerKind != LabellerKind.Person,
                    Source = sample.Source,
                    Id = sample.Id,
                };
            }
        }

        return null;
    }
}
