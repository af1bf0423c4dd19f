namespace Streaming.Contracts;

/// <summary>Stable codes of what can go wrong with a single message. A code, once released, keeps its meaning.</summary>
public static class ErrorCodes
{
    /// <summary>The value is not valid UTF-8.</summary>
    public const string InvalidUtf8 = "invalid_utf8";

    /// <summary>The value starts like JSON but is not, nests too deeply, repeats a key, or has something behind its end.</summary>
    public const string MalformedJson = "malformed_json";

    /// <summary>A known field is missing or has the wrong type or range.</summary>
    public const string InvalidField = "invalid_field";

    /// <summary>The text has a lone surrogate (an escape such as \ud800 without its partner).</summary>
    public const string LoneSurrogate = "lone_surrogate";

    /// <summary>The message is larger than the topology allows.</summary>
    public const string MessageTooLarge = "message_too_large";

    /// <summary>The document id is empty, too long, or has control characters.</summary>
    public const string InvalidId = "invalid_id";

    /// <summary>The model could not process this document, alone, twice.</summary>
    public const string ModelFailed = "model_failed";

    /// <summary>The sink refused this document for good.</summary>
    public const string SinkRejected = "sink_rejected";

    /// <summary>It was redriven as often as allowed.</summary>
    public const string AttemptsExhausted = "attempts_exhausted";
}
