namespace Streaming.Testing;

/// <summary>A fact that reads the shared folder; skipped, with the reason, where that is absent.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class SharedFactAttribute : FactAttribute
{
    /// <param name="paths">What the test needs below the shared folder, e.g. <c>models/all-MiniLM-L6-v2</c>; none: the folder itself.</param>
    public SharedFactAttribute(params string[] paths) => Skip = SharedSkip.Reason(paths);
}
