using Streaming.Contracts;

namespace Streaming.Core.Messaging;

/// <summary>What a message asks for: enrich a text, or delete a document.</summary>
/// <param name="Id">Identity of the document: the key; without one the message's id; without that <c>topic-partition-offset</c>.</param>
/// <param name="Text">The text, its id and event time filled in; null: delete the document.</param>
public sealed record DecodedMessage(string Id, TextMessage? Text)
{
    /// <summary>True when the document named by <see cref="Id"/> is to be deleted.</summary>
    public bool IsDelete => Text is null;
}
