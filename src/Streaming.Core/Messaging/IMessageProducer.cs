namespace Streaming.Core.Messaging;

/// <summary>Appends messages to topics, durably, in order per key.</summary>
public interface IMessageProducer : IAsyncDisposable
{
    /// <summary>Returns when every message is stored or refused.</summary>
    /// <returns>One result for each message, in its order.</returns>
    /// <exception cref="DependencyUnavailableException">The log could not be reached; none, some or all may be stored.</exception>
    ValueTask<IReadOnlyList<ProduceResult>> ProduceAsync(string topic, IReadOnlyList<OutgoingMessage> messages, CancellationToken cancellationToken);
}
