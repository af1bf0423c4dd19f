namespace Streaming.Learning.Promotion;

/// <summary>One thing the gate looked at.</summary>
/// <param name="Name">What, e.g. <c>ner.test</c>.</param>
/// <param name="Passed">Whether it speaks for the new model, or at least not against it.</param>
/// <param name="Reason">A sentence with the figures.</param>
public sealed record GateCheck(string Name, bool Passed, string Reason);

/// <summary>What a new head would change on recent texts.</summary>
/// <param name="Texts">Texts looked at.</param>
/// <param name="Changed">Those with at least one difference.</param>
/// <param name="Added">Label → annotations that only the new head makes.</param>
/// <param name="Removed">Label → annotations that only the old head makes.</param>
public sealed record ReplayDifference(int Texts, int Changed, IReadOnlyDictionary<string, int> Added, IReadOnlyDictionary<string, int> Removed)
{
    /// <summary>Share of changed texts, 0–1.</summary>
    public double Share => Texts == 0 ? 0 : (double)Changed / Texts;
}

/// <summary>The gate's decision on one bundle.</summary>
public sealed record GateReport
{
    /// <summary>Everything that was looked at.</summary>
    public required IReadOnlyList<GateCheck> Checks { get; init; }

    /// <summary>What was measured, e.g. <c>ner.test.micro_f1.after</c>.</summary>
    public required IReadOnlyDictionary<string, double> Metrics { get; init; }

    /// <summary>Head → what it would change on recent texts.</summary>
    public IReadOnlyDictionary<string, ReplayDifference> Replay { get; init; } = new Dictionary<string, ReplayDifference>();

    /// <summary>Whether the new model is taken.</summary>
    public bool Passed => Checks.Count > 0 && Checks.All(static check => check.Passed);

    /// <summary>Why, a sentence each: what speaks against it, or everything that speaks for it.</summary>
    public IReadOnlyList<string> Reasons => [.. Checks.Where(check => Passed || !check.Passed).Select(static check => check.Reason)];
}
