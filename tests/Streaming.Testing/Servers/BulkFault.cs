namespace Streaming.Testing.Servers;

/// <summary>How a fake Elasticsearch misbehaves on one bulk request.</summary>
public sealed record BulkFault
{
    /// <summary>Answer the whole request with this status and apply nothing.</summary>
    public int? Status { get; init; }

    /// <summary>Error type beside the status.</summary>
    public string ErrorType { get; init; } = "es_rejected_execution_exception";

    /// <summary>Seconds for a <c>Retry-After</c> header.</summary>
    public int? RetryAfter { get; init; }

    /// <summary>Refuse single items: status and error type for an id, or null to apply it.</summary>
    public Func<string, (int Status, string ErrorType)?>? Items { get; init; }

    /// <summary>Close the connection without an answer, before anything is applied.</summary>
    public bool DropBefore { get; init; }

    /// <summary>Close the connection without an answer, after everything was applied.</summary>
    public bool DropAfter { get; init; }

    /// <summary>Send only so many bytes of the answer's body, after everything was applied.</summary>
    public int? TruncateAt { get; init; }

    /// <summary>Give the items in the opposite order.</summary>
    public bool Reverse { get; init; }

    /// <summary>Leave out the items after so many.</summary>
    public int? Shorten { get; init; }

    /// <summary>Wait for this before anything else.</summary>
    public Task? Until { get; init; }

    /// <summary>Answer with this body in place of the right one, after everything was applied.</summary>
    public string? Body { get; init; }
}
