namespace Streaming.Core;

/// <summary>Something outside (broker, index, disk, model device) is away. A running pipeline waits; a start gives up with exit code 3.</summary>
public sealed class DependencyUnavailableException : StreamingException
{
    /// <summary>An error with a stable code, naming the setting and the way out.</summary>
    public DependencyUnavailableException(string code, string message, Exception? innerException = null)
        : base(code, message, ExitCode.DependencyUnavailable, innerException)
    {
    }
}
