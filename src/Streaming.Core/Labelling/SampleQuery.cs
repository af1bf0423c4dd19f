using Streaming.Contracts;

namespace Streaming.Core.Labelling;

/// <summary>Which samples to list.</summary>
public sealed record SampleQuery
{
    /// <summary>Only of this topology; null: of all.</summary>
    public string? Topology { get; init; }

    /// <summary>Only of this task; null: of all.</summary>
    public LabelTask? Task { get; init; }

    /// <summary>Only these; null: of all kinds.</summary>
    public LabellerKind? Kind { get; init; }

    /// <summary>Only valid ones.</summary>
    public bool ValidOnly { get; init; }

    /// <summary>True: only the control slice; false: only the rest; null: both.</summary>
    public bool? ControlSlice { get; init; }

    /// <summary>Only answers to this request; null: to all.</summary>
    public string? RequestId { get; init; }

    /// <summary>Only of this document; null: of all.</summary>
    public string? DocumentId { get; init; }

    /// <summary>Only with a greater sequence: where the previous page ended.</summary>
    public long AfterSequence { get; init; }

    /// <summary>At most so many, 1–10,000.</summary>
    public int Size { get; init; } = 1_000;
}
