namespace Streaming.Core.Labelling;

/// <summary>How much labelling may cost, in the currency of the labelling settings.</summary>
/// <param name="PerDay">A day (UTC), all documents together; at least 0.</param>
/// <param name="PerDocument">One document, for ever; at least 0.</param>
public readonly record struct SpendCaps(double PerDay, double PerDocument);

/// <summary>Money set aside for one call.</summary>
/// <param name="Id">Its place in the ledger.</param>
/// <param name="Amount">How much.</param>
public readonly record struct SpendReservation(long Id, double Amount);

/// <summary>Whether a call may be made.</summary>
/// <param name="Reservation">The money for it; null when a cap is reached.</param>
/// <param name="DayIsSpent">True when it is the day's cap, which opens again; false for the document's, which does not.</param>
public readonly record struct SpendDecision(SpendReservation? Reservation, bool DayIsSpent);
