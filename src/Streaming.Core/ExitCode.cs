namespace Streaming.Core;

/// <summary>What a process returns.</summary>
public enum ExitCode
{
    /// <summary>All went well.</summary>
    Ok = 0,

    /// <summary>A check or gate failed.</summary>
    CheckFailed = 1,

    /// <summary>The command, its arguments or its files are wrong.</summary>
    Usage = 2,

    /// <summary>A dependency is unavailable.</summary>
    DependencyUnavailable = 3,
}
