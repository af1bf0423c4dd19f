namespace Streaming.Core.Telemetry;

/// <summary>
/// Something the person who keeps the product running should read: a dependency went away or came back, data was
/// gone before it was read. Said once for each change, never once a message, and never with document text or secrets.
/// </summary>
/// <param name="Level">How bad it is.</param>
/// <param name="Code">Stable, lower_snake_case.</param>
/// <param name="Message">A sentence that names what, where and the way out.</param>
public sealed record Notice(NoticeLevel Level, string Code, string Message);

/// <summary>How bad a notice is.</summary>
public enum NoticeLevel
{
    /// <summary>Good to know.</summary>
    Information,

    /// <summary>Work waits or goes on degraded.</summary>
    Warning,

    /// <summary>Something is lost or cannot mend itself.</summary>
    Error,
}
