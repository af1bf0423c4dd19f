namespace Streaming.Testing;

/// <summary>A theory that reads the shared folder; skipped, with the reason, where that is absent.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class SharedTheoryAttribute : TheoryAttribute
{
    /// <param name="paths">What the test needs below the shared folder, e.g. <c>models/all-MiniLM-L6-v2</c>; none: the folder itself.</param>
    public SharedTheoryAttribute(params string[] paths) => Skip = SharedSkip.Reason(paths);
}

/// <summary>Why a test that reads the shared folder can't run.</summary>
internal static class SharedSkip
{
    internal static string? Reason(string[] paths)
    {
        if (SharedFolder.Find() is null)
            return $"needs the folder 'shared' beside the repository (or {SharedFolder.Variable})";
        foreach (var path in paths)
        {
            if (SharedFolder.Find(path.Split('/')) is null)
                return $"needs '{path}' in the shared folder";
        }

        return null;
    }
}
