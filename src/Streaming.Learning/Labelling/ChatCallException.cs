using Streaming.Core;

namespace Streaming.Learning.Labelling;

/// <summary>A call that brought no reply.</summary>
/// <param name="code">Stable code.</param>
/// <param name="message">What happened, without document text or secrets.</param>
/// <param name="kind">What to make of it.</param>
/// <param name="retryAfter">How long the endpoint asks to wait; null when it does not say.</param>
/// <param name="mayHaveCost">True when the endpoint may have worked on it and count it.</param>
/// <param name="innerException">Cause.</param>
public sealed class ChatCallException(string code, string message, ChatFailure kind, TimeSpan? retryAfter = null, bool mayHaveCost = false, Exception? innerException = null)
    : StreamingException(code, message, ExitCode.DependencyUnavailable, innerException)
{
    /// <summary>What to make of it.</summary>
    public ChatFailure Kind { get; } = kind;

    /// <summary>How long the endpoint asks to wait.</summary>
    public TimeSpan? RetryAfter { get; } = retryAfter;

    /// <summary>Whether it may be on the bill.</summary>
    public bool MayHaveCost { get; } = mayHaveCost;
}

/// <summary>What to make of a call without a reply.</summary>
public enum ChatFailure
{
    /// <summary>It may work another time.</summary>
    Transient,

    /// <summary>This text will not be answered; another one may.</summary>
    Refused,

    /// <summary>Nothing will be answered until somebody mends a setting.</summary>
    Setting,
}
