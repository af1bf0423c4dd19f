namespace Streaming.Core;

/// <summary>
/// An error a person can mend: it says what is wrong, where, and what to do. Hosts print
/// <c>error CODE: message</c> on standard error and end with <see cref="ExitCode"/>, without a stack trace.
/// </summary>
public class StreamingException : Exception
{
    /// <summary>An error with a stable code.</summary>
    public StreamingException(string code, string message, ExitCode exitCode = ExitCode.Usage, Exception? innerException = null)
        : base(message, innerException)
    {
        Code = code;
        ExitCode = exitCode;
    }

    /// <summary>Stable, lower_snake_case.</summary>
    public string Code { get; }

    /// <summary>What a process that ends because of it returns.</summary>
    public ExitCode ExitCode { get; }
}
