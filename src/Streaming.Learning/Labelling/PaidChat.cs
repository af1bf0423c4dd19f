using System.Text;
using Streaming.Core;
using Streaming.Core.Engine;
using Streaming.Core.Labelling;

namespace Streaming.Learning.Labelling;

/// <summary>
/// Calls a model within its bounds: so many at once, so many a minute, tried again with jittered waits or as long as the endpoint
/// asks, and never beyond a cap: the most that an attempt can cost is reserved before it and settled after it.
/// </summary>
internal sealed class PaidChat(IChatModel model, LlmLabellerOptions options, ISpendLedger? ledger, TimeProvider time) : IDisposable
{
    private const int TokensPerMessage = 16; // roles and separators, generously

    private static readonly TimeSpan FirstWait = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LongestAskedWait = TimeSpan.FromMinutes(10);

    private readonly SemaphoreSlim _free = new(options.MaxConcurrency, options.MaxConcurrency);
    private readonly Lock _lock = new();
    private readonly TimeSpan _interval = TimeSpan.FromMinutes(1) / options.RequestsPerMinute;
    private DateTimeOffset _nextSlot;

    /// <summary>Asks until there is a reply.</summary>
    /// <returns>The reply and what all attempts cost; null: the document's cap is reached.</returns>
    /// <exception cref="DependencyUnavailableException">The endpoint is away, or the day's cap is reached.</exception>
    public async ValueTask<(ChatReply Reply, double Cost)?> CompleteAsync(string documentId, ChatRequest request, CancellationToken cancellationToken)
    {
        await _free.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var cost = 0.0;
            for (var attempt = 1; ; attempt++)
            {
                await TakeSlotAsync(cancellationToken).ConfigureAwait(false);
                var reservation = default(SpendReservation?);
                if (options.IsPaid)
                {
                    var decision = await Ledger.ReserveAsync(documentId, MostCost(request), options.Caps, cancellationToken).ConfigureAwait(false);
                    if (decision.Reservation is null && !decision.DayIsSpent)
                        return null;
                    reservation = decision.Reservation ?? throw new DependencyUnavailableException(
                        "label_cap_reached", "What labelling may cost today (labelling.llm.max_cost_per_day) is spent. It goes on at midnight UTC, or with a higher cap.");
                }

                ChatCallException failure;
                try
                {
                    // A call that is cancelled or dies with the process stays reserved: whether it is on the bill is not known.
                    var reply = await model.CompleteAsync(request, cancellationToken).ConfigureAwait(false);
                    cost += await SettleAsync(reservation, Cost(reply, reservation)).ConfigureAwait(false);
                    return (reply, cost);
                }
                catch (ChatCallException exception)
                {
                    failure = exception;
                }

                cost += await SettleAsync(reservation, failure.MayHaveCost ? reservation?.Amount ?? 0 : 0).ConfigureAwait(false);
                if (failure.Kind != ChatFailure.Transient)
                    throw failure;
                if (attempt >= options.MaxAttempts)
                    throw new DependencyUnavailableException(failure.Code, failure.Message, failure);
                var wait = failure.RetryAfter is { } asked && asked > TimeSpan.Zero
                    ? TimeSpan.FromTicks(Math.Min(asked.Ticks, LongestAskedWait.Ticks)) + DependencyRetry.Backoff(TimeSpan.FromMilliseconds(100), FirstWait, attempt)
                    : DependencyRetry.Backoff(FirstWait, LongestWait, attempt - 1);
                await Task.Delay(wait, time, cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            _free.Release();
        }
    }

    public void Dispose() => _free.Dispose();

    private ISpendLedger Ledger => ledger ?? throw new InvalidOperationException("A paid model was given no ledger: this is a bug.");

    /// <summary>No token is shorter than a byte of UTF-8, so this many bytes are at least that many tokens.</summary>
    private double MostCost(ChatRequest request) =>
        Price(request.Messages.Sum(static message => Encoding.UTF8.GetByteCount(message.Text) + (long)TokensPerMessage), request.MaxOutputTokens);

    // An endpoint that does not say what it used is taken to have used all that was reserved.
    private double Cost(ChatReply reply, SpendReservation? reservation) =>
        reply is { InputTokens: { } sent, OutputTokens: { } received } ? Price(sent, received) : reservation?.Amount ?? 0;

    private double Price(long sent, long received) => (sent * options.InputPrice + received * options.OutputPrice) / 1e6;

    private async ValueTask<double> SettleAsync(SpendReservation? reservation, double cost)
    {
        if (reservation is not { } reserved)
            return 0;
        await Ledger.SettleAsync(reserved, cost, CancellationToken.None).ConfigureAwait(false);
        return cost;
    }

    private async ValueTask TakeSlotAsync(CancellationToken cancellationToken)
    {
        TimeSpan wait;
        lock (_lock)
        {
            var now = time.GetUtcNow();
            // A clock that was set back must not stop everything.
            if (_nextSlot < now || _nextSlot - now > TimeSpan.FromMinutes(2))
                _nextSlot = now;
            wait = _nextSlot - now;
            _nextSlot += _interval;
        }

        if (wait > TimeSpan.Zero)
            await Task.Delay(wait, time, cancellationToken).ConfigureAwait(false);
    }
}
