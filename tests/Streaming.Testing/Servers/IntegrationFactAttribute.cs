namespace Streaming.Testing.Servers;

/// <summary>A fact on real servers: run by <c>./streaming test --integration</c> where Java and <c>shared/servers</c> are, else skipped with the reason.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class IntegrationFactAttribute : FactAttribute
{
    /// <param name="servers">Folders below <c>shared/servers</c>, e.g. <c>kafka</c>.</param>
    public IntegrationFactAttribute(params string[] servers) => Skip = IntegrationSkip.Reason(servers);
}

/// <summary>A theory on real servers; see <see cref="IntegrationFactAttribute"/>.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class IntegrationTheoryAttribute : TheoryAttribute
{
    /// <param name="servers">Folders below <c>shared/servers</c>.</param>
    public IntegrationTheoryAttribute(params string[] servers) => Skip = IntegrationSkip.Reason(servers);
}

/// <summary>Why a test on real servers can't run.</summary>
public static class IntegrationSkip
{
    /// <summary>Set to 1 by <c>./streaming test --integration</c>.</summary>
    public const string Variable = "STREAMING_INTEGRATION";

    /// <summary>The reason, or null when it can run.</summary>
    public static string? Reason(params string[] servers)
    {
        if (Environment.GetEnvironmentVariable(Variable) != "1")
            return "runs on real servers: ./streaming test --integration";
        foreach (var server in servers)
        {
            if (SharedFolder.Find("servers", server) is null)
                return $"needs 'servers/{server}' in the shared folder";
        }

        return HasJava() ? null : "needs Java 17 on the PATH";
    }

    private static bool HasJava()
    {
        foreach (var folder in (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':'))
        {
            if (folder.Length > 0 && File.Exists(Path.Combine(folder, "java")))
                return true;
        }

        return false;
    }
}
