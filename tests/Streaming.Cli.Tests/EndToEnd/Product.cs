using Streaming.Testing;

namespace Streaming.Cli.Tests.EndToEnd;

/// <summary>The built product: its command, and the home folder with topologies and models that it runs from.</summary>
internal static class Product
{
    /// <summary>Environment variable that names another home folder, for a bundle that is not in the repository.</summary>
    private const string HomeVariable = "STREAMING_HOME";

    private static readonly string[] Sentences = File.Exists(SampleFile) ? File.ReadAllLines(SampleFile) : [];

    /// <summary>The command, built in the configuration of these tests.</summary>
    public static string Command { get; } = Path.Combine(SharedFolder.RepositoryRoot, "src", "Streaming.Cli", "bin", BuildFolder(), "streaming");

    /// <summary>The folder with <c>topologies</c> and <c>models</c>.</summary>
    public static string Home { get; } = Environment.GetEnvironmentVariable(HomeVariable) is { Length: > 0 } told ? told : SharedFolder.RepositoryRoot;

    /// <summary>The smallest topology.</summary>
    public static string Minimal { get; } = Path.Combine(SharedFolder.RepositoryRoot, "topologies", "minimal.yaml");

    /// <summary>The starter bundle.</summary>
    public static string Bundle => Path.Combine(Home, "models", "starter");

    /// <summary>The demo's texts.</summary>
    public static string SampleFile => Path.Combine(SharedFolder.RepositoryRoot, "topologies", "samples", "first-light.jsonl");

    /// <summary>Lines of the demo's texts.</summary>
    public static IReadOnlyList<string> SampleLines => Sentences;

    /// <summary>Why the product cannot be run here; null when it can.</summary>
    public static string? MissingBecause =>
        !OperatingSystem.IsLinux() ? "end-to-end tests send POSIX signals; they run on Linux"
        : !File.Exists(Command) ? $"the product is not built: {Path.GetRelativePath(SharedFolder.RepositoryRoot, Command)}"
        : null;

    /// <summary>Why it cannot enrich texts here; null when it can.</summary>
    public static string? NoModelBecause =>
        MissingBecause ?? (File.Exists(Path.Combine(Bundle, "manifest.json")) ? null : $"the starter bundle is not in models/starter (or in a home folder that {HomeVariable} names)");

    // bin/Release/net10.0 of these tests is bin/Release/net10.0 of the product.
    private static string BuildFolder()
    {
        var framework = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));
        return Path.Combine(framework.Parent!.Name, framework.Name);
    }
}

/// <summary>A test that runs the built command; skipped, with the reason, where it is not there.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class ProductFactAttribute : FactAttribute
{
    public ProductFactAttribute() => Skip = Product.MissingBecause;
}

/// <summary>A test that runs the built command with the starter bundle; skipped, with the reason, where either is not there.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class EnrichingFactAttribute : FactAttribute
{
    public EnrichingFactAttribute() => Skip = Product.NoModelBecause;
}

/// <summary>As <see cref="EnrichingFactAttribute"/>, case by case.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class EnrichingTheoryAttribute : TheoryAttribute
{
    public EnrichingTheoryAttribute() => Skip = Product.NoModelBecause;
}

/// <summary>A theory that runs the built command.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class ProductTheoryAttribute : TheoryAttribute
{
    public ProductTheoryAttribute() => Skip = Product.MissingBecause;
}

/// <summary>End-to-end tests run one after another: each has a machine's worth of threads.</summary>
[CollectionDefinition(Name)]
public sealed class EndToEndGroup
{
    internal const string Name = "end to end";
}
