using Streaming.Core.Topology.Language;
using Streaming.Core.Topology.Yaml;

namespace Streaming.Core.Topology;

/// <summary>Lays environment variables such as <c>STREAMING__BATCHING__MAX_BATCH_TOKENS=512</c> over a topology.</summary>
internal static class EnvironmentOverrides
{
    public const string Prefix = "STREAMING__";

    private const string Kafka = "source.kafka.";

    public static ConfigMapping Apply(ConfigMapping root, IReadOnlyDictionary<string, string> environment, DiagnosticBag diagnostics)
    {
        var paths = TopologyPaths.Overridable().ToHashSet();
        foreach (var (name, value) in environment.Where(v => v.Key.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase)).OrderBy(v => v.Key, StringComparer.Ordinal))
        {
            var position = new TextPosition($"environment variable {Quoting.Quote(name).Trim('`')}", 0, 0);
            var path = PathOf(name, paths);
            if (path is null)
            {
                var asked = name[Prefix.Length..].ToLowerInvariant().Replace("__", ".", StringComparison.Ordinal);
                var near = NameSuggester.Nearest(asked, paths);
                diagnostics.Error(
                    TopologyErrorCodes.UnknownOverride,
                    position,
                    $"there is no setting {Quoting.Quote(asked)}.",
                    near is null ? "Name a section and a key, e.g. `STREAMING__BATCHING__MAX_BATCH_TOKENS`." : $"Did you mean `{NameOf(near)}`?");
                continue;
            }

            if (value.Length > TopologyLimits.MaxScalarLength)
            {
                diagnostics.Error(TopologyErrorCodes.OutOfRange, position, "the value is too long.", $"At most {TopologyLimits.MaxScalarLength} characters are allowed.");
                continue;
            }

            var scalar = new ConfigScalar(value, position, isPlain: true) { Origin = SettingOrigin.Environment };

            // What stands where a mapping belongs is reported when the tree is held against the language.
            root = ConfigMerger.With(root, path, scalar) ?? root;
        }

        return root;
    }

    /// <summary>The variable that sets a path.</summary>
    public static string NameOf(string path) => Prefix + path.ToUpperInvariant().Replace(".", "__", StringComparison.Ordinal);

    private static string[]? PathOf(string name, HashSet<string> paths)
    {
        var path = name[Prefix.Length..].ToLowerInvariant().Replace("__", ".", StringComparison.Ordinal);
        if (paths.Contains(path))
        {
            return path.Split('.');
        }

        if (path.StartsWith(Kafka, StringComparison.Ordinal) && path.Length > Kafka.Length)
        {
            // Kafka's own names have dots, which environment variables cannot have.
            return ["source", "kafka", path[Kafka.Length..].Replace('_', '.')];
        }

        const string variables = "variables.";
        return path.StartsWith(variables, StringComparison.Ordinal) && path.Length > variables.Length
            ? ["variables", name[(Prefix.Length + variables.Length + 1)..]]
            : null;
    }
}
