namespace Streaming.Learning.Selection;

/// <summary>Chosen against random sentences.</summary>
/// <param name="Sentences">How many of each.</param>
/// <param name="Chosen">Micro F1 after the chosen ones, 0–1.</param>
/// <param name="Random">Micro F1 after the random ones, 0–1.</param>
public sealed record SelectionPoint(int Sentences, double Chosen, double Random);

/// <summary>What one control slice says.</summary>
/// <param name="Documents">Documents in it.</param>
/// <param name="Estimate">Micro F1 on it, 0–1.</param>
/// <param name="Low">Lower end of the 95 % interval.</param>
/// <param name="High">Upper end.</param>
public sealed record ControlSlice(int Documents, double Estimate, double Low, double High);

/// <summary>Control slices against the truth.</summary>
/// <param name="Truth">Micro F1 on all documents, 0–1.</param>
/// <param name="Slices">The slices.</param>
public sealed record ControlSliceReport(double Truth, IReadOnlyList<ControlSlice> Slices)
{
    /// <summary>Slices whose interval holds the truth.</summary>
    public int Inside => Slices.Count(slice => slice.Low <= Truth && Truth <= slice.High);
}
