using Streaming.Contracts;

namespace Streaming.Core.Labelling;

/// <summary>Totals of a sample store.</summary>
/// <param name="Requests">Requests for labels.</param>
/// <param name="ControlRequests">Those of the control slice.</param>
/// <param name="Unanswered">Requests without any sample.</param>
/// <param name="LastSequence">Sequence of the newest sample, 0 without any.</param>
/// <param name="Groups">Samples by task, labeller and prompt.</param>
/// <param name="Reasons">Why requests were chosen: code → how many.</param>
/// <param name="Sources">Where requests come from: source (empty when not said) → how many.</param>
public sealed record SampleStatistics(
    long Requests,
    long ControlRequests,
    long Unanswered,
    long LastSequence,
    IReadOnlyList<SampleGroup> Groups,
    IReadOnlyDictionary<string, long> Reasons,
    IReadOnlyDictionary<string, long> Sources);

/// <summary>Totals of the samples that share task, labeller and prompt.</summary>
public sealed record SampleGroup
{
    /// <summary>Task.</summary>
    public required LabelTask Task { get; init; }

    /// <summary>Kind of labeller.</summary>
    public required LabellerKind Kind { get; init; }

    /// <summary>Labeller.</summary>
    public required string Labeller { get; init; }

    /// <summary>Prompt, or null.</summary>
    public string? PromptVersion { get; init; }

    /// <summary>Valid samples.</summary>
    public long Valid { get; init; }

    /// <summary>Valid samples outside the control slice: what can be trained on.</summary>
    public long Trainable { get; init; }

    /// <summary>Abstentions.</summary>
    public long Abstained { get; init; }

    /// <summary>Rejections.</summary>
    public long Rejected { get; init; }

    /// <summary>Surface strings in the answers.</summary>
    public long Mentions { get; init; }

    /// <summary>Those that are not in the text.</summary>
    public long Hallucinated { get; init; }

    /// <summary>Those that are not one stretch.</summary>
    public long Discontinuous { get; init; }

    /// <summary>Cost.</summary>
    public double Cost { get; init; }

    /// <summary>Tokens sent.</summary>
    public long InputTokens { get; init; }

    /// <summary>Tokens received.</summary>
    public long OutputTokens { get; init; }

    /// <summary>Share of surface strings that are not in the text, 0–1.</summary>
    public double HallucinationRate => Mentions == 0 ? 0 : (double)Hallucinated / Mentions;
}
