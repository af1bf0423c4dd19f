namespace Streaming.Learning.Labelling;

/// <summary>How a simulated language model errs; every rate is 0–1.</summary>
public sealed record SimulatedErrors
{
    /// <summary>Share of spans it does not mention.</summary>
    public double Miss { get; init; }

    /// <summary>Share of spans or labels it gives another label.</summary>
    public double WrongLabel { get; init; }

    /// <summary>Share of spans it makes a word longer or shorter.</summary>
    public double WrongBoundary { get; init; }

    /// <summary>Spans it invents on the text's own words, for each word outside of spans.</summary>
    public double Spurious { get; init; }

    /// <summary>Mentions it adds that are not in the text, for each text.</summary>
    public double Hallucination { get; init; }

    /// <summary>Share of texts it gives no usable answer for.</summary>
    public double Abstain { get; init; }

    /// <summary>Draws the errors; the same text errs the same way.</summary>
    public ulong Seed { get; init; } = 1;
}
