namespace Streaming.Core.Topology;

/// <summary>Bounds that keep any file from hanging or killing the process.</summary>
public static class TopologyLimits
{
    /// <summary>Largest file, in bytes.</summary>
    public const int MaxFileBytes = 1024 * 1024;

    /// <summary>Most lines of a file.</summary>
    public const int MaxLines = 50_000;

    /// <summary>Deepest nesting of mappings and lists, aliases followed.</summary>
    public const int MaxDepth = 32;

    /// <summary>Most nodes (keys, values, items) of a file, aliases followed.</summary>
    public const int MaxNodes = 20_000;

    /// <summary>Most aliases (<c>*name</c>) of a file.</summary>
    public const int MaxAliases = 64;

    /// <summary>Longest scalar after its variables have been filled in, in UTF-16 code units.</summary>
    public const int MaxScalarLength = 64 * 1024;

    /// <summary>Longest chain of files that extend one another.</summary>
    public const int MaxExtendsDepth = 8;

    /// <summary>Most files read for one topology.</summary>
    public const int MaxFiles = 32;

    /// <summary>Most findings reported; a file with more is told so once.</summary>
    public const int MaxDiagnostics = 200;
}
