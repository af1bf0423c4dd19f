namespace Streaming.Learning.Labelling;

/// <summary>Who says something in a chat.</summary>
public enum ChatRole
{
    /// <summary>The product: what to do.</summary>
    System,

    /// <summary>The product on behalf of a document: what to do it on.</summary>
    User,

    /// <summary>The model.</summary>
    Assistant,
}

/// <summary>One thing said.</summary>
public sealed record ChatMessage(ChatRole Role, string Text);

/// <summary>What a model is asked.</summary>
public sealed record ChatRequest
{
    /// <summary>What was said so far.</summary>
    public required IReadOnlyList<ChatMessage> Messages { get; init; }

    /// <summary>Sampling temperature.</summary>
    public double Temperature { get; init; }

    /// <summary>Most tokens of the reply, thoughts included.</summary>
    public int MaxOutputTokens { get; init; } = 1_024;
}

/// <summary>What a model replied.</summary>
/// <param name="Text">The reply; empty when there was none.</param>
/// <param name="InputTokens">Tokens it was sent; null when the endpoint does not say.</param>
/// <param name="OutputTokens">Tokens it wrote; null when the endpoint does not say.</param>
/// <param name="IsCut">True when it ran out of tokens.</param>
public sealed record ChatReply(string Text, int? InputTokens, int? OutputTokens, bool IsCut);
