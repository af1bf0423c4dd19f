namespace Streaming.Testing;

/// <summary>
/// Finds the folder <c>shared</c> that lies beside the repository: data sets, models and golden vectors too large or not
/// free to travel with it. The environment variable <c>STREAMING_SHARED</c> wins.
/// </summary>
public static class SharedFolder
{
    /// <summary>Names the folder when it is not beside the repository.</summary>
    public const string Variable = "STREAMING_SHARED";

    private static readonly Lazy<string> LazyRoot = new(FindRepositoryRoot);

    /// <summary>Root of the repository the tests were built from.</summary>
    public static string RepositoryRoot => LazyRoot.Value;

    /// <summary>The path of a file or folder in the shared folder, or null when it is not there.</summary>
    /// <param name="parts">Path below the shared folder, e.g. <c>Find("models", "all-MiniLM-L6-v2")</c>; none gives the folder itself.</param>
    public static string? Find(params string[] parts)
    {
        var shared = Environment.GetEnvironmentVariable(Variable);
        if (string.IsNullOrEmpty(shared))
            shared = Path.Combine(RepositoryRoot, "..", "shared");
        var path = Path.GetFullPath(Path.Combine([shared, .. parts]));
        return Path.Exists(path) ? path : null;
    }

    /// <summary>As <see cref="Find"/>, for tests that are only run when it is there.</summary>
    public static string Require(params string[] parts) =>
        Find(parts) ?? throw new InvalidOperationException(
            $"'{Path.Combine(parts)}' is not in the shared folder; mark the test [SharedFact(\"{string.Join('/', parts)}\")] so that it is skipped then.");

    private static string FindRepositoryRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Streaming.sln")))
                return folder.FullName;
        }

        throw new InvalidOperationException($"No Streaming.sln above '{AppContext.BaseDirectory}'; tests run from inside the repository.");
    }
}
