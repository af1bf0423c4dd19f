using Streaming.Contracts;

namespace Streaming.Core.Sinks;

/// <summary>Keeps messages that could not be enriched. Returns only when all are durable.</summary>
public interface IDeadLetterSink : IAsyncDisposable
{
    /// <summary>Stores every letter; storing the same place twice keeps one.</summary>
    ValueTask WriteAsync(IReadOnlyList<DeadLetter> letters, CancellationToken cancellationToken);
}
