namespace Streaming.Cli.Composition;

/// <summary>Which set of packages this program was built with.</summary>
internal static class PackageSet
{
    /// <summary><c>full</c> or <c>core</c>; see ARCHITECTURE.md.</summary>
#if PACKAGE_SET_FULL
    public const string Name = "full";
#else
    public const string Name = "core";
#endif
}
