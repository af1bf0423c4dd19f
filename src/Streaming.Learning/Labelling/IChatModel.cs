namespace Streaming.Learning.Labelling;

/// <summary>A language model that completes chats. One call is one attempt: retries, rates and money are <see cref="PaidChat"/>'s. Safe for concurrent calls.</summary>
public interface IChatModel
{
    /// <summary>The model's name.</summary>
    string Name { get; }

    /// <summary>Asks once.</summary>
    /// <exception cref="ChatCallException">No reply came.</exception>
    ValueTask<ChatReply> CompleteAsync(ChatRequest request, CancellationToken cancellationToken);
}
