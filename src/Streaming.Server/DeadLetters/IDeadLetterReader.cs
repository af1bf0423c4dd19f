using Streaming.Contracts;

namespace Streaming.Server.DeadLetters;

/// <summary>Reads messages that were given up.</summary>
public interface IDeadLetterReader
{
    /// <summary>The newest letters.</summary>
    /// <param name="topology">Only this topology's, or null for all.</param>
    /// <param name="limit">At most so many, 1–1,000.</param>
    /// <param name="cancellationToken">Gives up.</param>
    ValueTask<IReadOnlyList<StoredDeadLetter>> ListAsync(string? topology, int limit, CancellationToken cancellationToken);
}

/// <summary>A letter and the number it is called by.</summary>
/// <param name="Id">Number, unique in its store.</param>
/// <param name="Letter">The letter.</param>
public sealed record StoredDeadLetter(long Id, DeadLetter Letter);
