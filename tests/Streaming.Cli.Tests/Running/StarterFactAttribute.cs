namespace Streaming.Cli.Tests.Running;

/// <summary>A test of the real binary with the starter bundle; skipped, with the reason, where that is not there.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class StarterFactAttribute : FactAttribute
{
    /// <summary>Skips where there is no bundle.</summary>
    public StarterFactAttribute() =>
        Skip = File.Exists(Path.Combine(Streaming.Testing.SharedFolder.RepositoryRoot, "models", "starter", "manifest.json")) ? null : "there is no starter bundle at models/starter";
}
