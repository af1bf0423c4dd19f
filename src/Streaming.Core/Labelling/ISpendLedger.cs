namespace Streaming.Core.Labelling;

/// <summary>
/// Keeps what labelling costs below its caps. Money is reserved before a call and settled after it; what was reserved and never
/// settled (the process died meanwhile) counts as spent, so a cap is never exceeded. Durable; safe for concurrent use, also by several processes.
/// </summary>
public interface ISpendLedger
{
    /// <summary>Reserves the most that a call can cost, if both caps allow it.</summary>
    /// <param name="documentId">Document the call is about.</param>
    /// <param name="amount">The most it can cost, above 0.</param>
    /// <param name="caps">The caps.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The reservation, or which cap is reached.</returns>
    ValueTask<SpendDecision> ReserveAsync(string documentId, double amount, SpendCaps caps, CancellationToken cancellationToken);

    /// <summary>Says what a call did cost. Settling twice changes nothing.</summary>
    ValueTask SettleAsync(SpendReservation reservation, double cost, CancellationToken cancellationToken);

    /// <summary>Spent and reserved on the current day (UTC).</summary>
    ValueTask<double> SpentTodayAsync(CancellationToken cancellationToken);
}
