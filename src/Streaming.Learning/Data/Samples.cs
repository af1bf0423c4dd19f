namespace Streaming.Learning.Data;

/// <summary>One annotated text of a data set.</summary>
public abstract record Sample
{
    /// <summary>The text; offsets count its UTF-16 code units.</summary>
    public required string Text { get; init; }

    /// <summary>Where it stands: <c>file:line</c>.</summary>
    public required string Origin { get; init; }

    /// <summary>0-based number of the document it belongs to, where the file says so; otherwise −1.</summary>
    public int Document { get; init; } = -1;
}

/// <summary>A text with labels for the whole of it.</summary>
public sealed record LabelledText : Sample
{
    /// <summary>Its labels; several where the data set is multi-label.</summary>
    public required IReadOnlyList<string> Labels { get; init; }
}

/// <summary>A sentence whose words are given, each with a tag.</summary>
public sealed record TaggedSentence : Sample
{
    /// <summary>Words in order, as places in <see cref="Sample.Text"/>.</summary>
    public required IReadOnlyList<CharSpan> Words { get; init; }

    /// <summary>One IOB2 tag a word, whatever scheme the file used.</summary>
    public required IReadOnlyList<string> Tags { get; init; }
}

/// <summary>A text with labelled character spans.</summary>
public sealed record SpannedText : Sample
{
    /// <summary>Spans in order of their start, not overlapping.</summary>
    public required IReadOnlyList<LabelledSpan> Spans { get; init; }

    /// <summary>Categories of aspects that the text judges, each <c>category/sentiment</c>; null where the file does not say.</summary>
    public IReadOnlyList<string>? Categories { get; init; }
}

/// <summary>UTF-16 code units <c>[Start, End)</c>.</summary>
public readonly record struct CharSpan(int Start, int End);

/// <summary>UTF-16 code units <c>[Start, End)</c> and what they are.</summary>
public readonly record struct LabelledSpan(int Start, int End, string Label);
