namespace Streaming.Core.Labelling;

/// <summary>How much labelling may cost, in the currency of the labelling settings.</summary>
/// <param name="PerDay">A day (UTC), all documents together; at least 0.</param>
/// <param name="PerDocument">One document, for ever; at least 0.</param>
public readonly record struct SpendCaps(double PerDay, double PerDocument);

/// <summary>Money set aside for one call.</summary>
/// <param name="Id">Its place in the ledger.</param>
/// <param name="Amount">How much.</param>
public readonly record struct SpendReservation(long Id, double Amount);
