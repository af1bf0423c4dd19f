namespace Streaming.Learning.Data;

/// <summary>Which parts of a file are meant. Columns are names, or 0-based numbers; in JSONL they are field names.</summary>
public sealed record DataReadOptions
{
    /// <summary>Columns that make the text, joined by a space. Default: <c>text</c>, else <c>sentence</c>, else the first column that is not the label.</summary>
    public IReadOnlyList<string> TextColumns { get; init; } = [];

    /// <summary>Column of the label. Default: <c>label</c>, else <c>class</c> or <c>category</c>, else the second column.</summary>
    public string? LabelColumn { get; init; }

    /// <summary>Whether the first row names the columns; null: it does when a wanted name or a default name is in it.</summary>
    public bool? Header { get; init; }

    /// <summary>When given, labels in the file are 0-based indices into this list, several ones separated by commas.</summary>
    public IReadOnlyList<string>? LabelNames { get; init; }

    /// <summary>CoNLL: 0-based column of the word; null: the first, or the second in Universal NER's layout.</summary>
    public int? TokenColumn { get; init; }

    /// <summary>CoNLL: 0-based column of the tag; null: the last, or the third in Universal NER's layout.</summary>
    public int? TagColumn { get; init; }

    /// <summary>CLINC: which part of the file; null: <c>train</c>.</summary>
    public string? Part { get; init; }
}
