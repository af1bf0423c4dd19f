namespace Streaming.Learning.Provenance;

/// <summary>One bundle on the way from the first one to another: who decided on it, and which labels it learnt from.</summary>
public sealed record BundleGeneration
{
    /// <summary>Name.</summary>
    public required string Name { get; init; }

    /// <summary>Version.</summary>
    public required string Version { get; init; }

    /// <summary>Digest; null when the registry has never had it.</summary>
    public string? Digest { get; init; }

    /// <summary><c>name@version</c> it was made from.</summary>
    public string? Parent { get; init; }

    /// <summary><c>promoted</c>, <c>refused</c> or <c>rolled_back</c>; null when nothing was decided.</summary>
    public string? Decision { get; init; }

    /// <summary>Who decided.</summary>
    public string? DecidedBy { get; init; }

    /// <summary>When.</summary>
    public DateTimeOffset? DecidedAt { get; init; }

    /// <summary>Why.</summary>
    public IReadOnlyList<string> Reasons { get; init; } = [];

    /// <summary>Retraining that made it.</summary>
    public string? Cycle { get; init; }

    /// <summary>How its encoder was trained, in this training or an earlier one; null: it is as it was imported.</summary>
    public string? FineTuned { get; init; }

    /// <summary>Labelled samples it learnt from.</summary>
    public int Labels { get; init; }

    /// <summary>Labeller → how many of them.</summary>
    public IReadOnlyDictionary<string, int> Labellers { get; init; } = new SortedDictionary<string, int>();

    /// <summary>Prompt version → how many of them.</summary>
    public IReadOnlyDictionary<string, int> Prompts { get; init; } = new SortedDictionary<string, int>();

    /// <summary>What they cost.</summary>
    public double Cost { get; init; }

    /// <summary>Data sets it was trained on besides.</summary>
    public IReadOnlyList<string> Data { get; init; } = [];
}

/// <summary>One label of a document.</summary>
/// <param name="Task">What for.</param>
/// <param name="Labeller">Who.</param>
/// <param name="Validity">Whether it is an answer.</param>
/// <param name="Prompt">Prompt version.</param>
/// <param name="Cost">What it cost.</param>
/// <param name="ControlSlice">Never learnt from.</param>
public sealed record LabelOfDocument(string Task, string Labeller, string Validity, string? Prompt, double Cost, bool ControlSlice);

/// <summary>What made a document, and what it made.</summary>
public sealed record DocumentLineage
{
    /// <summary>The document.</summary>
    public required string Document { get; init; }

    /// <summary>The bundle that enriched it, then its parents up to the first.</summary>
    public required IReadOnlyList<BundleGeneration> Bundles { get; init; }

    /// <summary>Labels that were given to it.</summary>
    public IReadOnlyList<LabelOfDocument> Labels { get; init; } = [];

    /// <summary>Versions of bundles that learnt from it.</summary>
    public IReadOnlyList<string> Taught { get; init; } = [];
}

/// <summary>What a bundle was made of, and what was made of it.</summary>
public sealed record ModelLineage
{
    /// <summary>The bundle, then its parents up to the first.</summary>
    public required IReadOnlyList<BundleGeneration> Bundles { get; init; }

    /// <summary>Versions made from it.</summary>
    public IReadOnlyList<string> Children { get; init; } = [];

    /// <summary>Documents whose labels it learnt from; at most 1,000.</summary>
    public IReadOnlyList<string> LearntFrom { get; init; } = [];
}
