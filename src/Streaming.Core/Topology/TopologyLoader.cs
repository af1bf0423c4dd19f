using System.Collections;
using System.Text;
using Streaming.Core.Topology.Language;
using Streaming.Core.Topology.Yaml;

namespace Streaming.Core.Topology;

/// <summary>
/// Loads topology files: strict, everything that is wrong at once, each with its place and what to write instead.
/// No file can hang or end the process (<see cref="TopologyLimits"/>).
/// </summary>
public static class TopologyLoader
{
    /// <summary>Loads a file and those it extends.</summary>
    /// <param name="path">The file.</param>
    /// <param name="environment">Environment variables; see <see cref="ProcessEnvironment"/>.</param>
    public static TopologyLoadResult Load(string path, IReadOnlyDictionary<string, string> environment)
    {
        var diagnostics = new DiagnosticBag();
        var reader = new ConfigFileReader(diagnostics);
        return Compile(reader.ReadFile(path), reader, environment, diagnostics);
    }

    /// <summary>Loads a text; it cannot extend files.</summary>
    /// <param name="text">YAML.</param>
    /// <param name="name">What to call it in messages, e.g. <c>-</c>.</param>
    /// <param name="environment">Environment variables; see <see cref="ProcessEnvironment"/>.</param>
    public static TopologyLoadResult LoadText(string text, string name, IReadOnlyDictionary<string, string> environment) =>
        LoadText(Encoding.UTF8.GetBytes(text), name, environment);

    /// <summary>Loads a text in bytes, as it came from a pipe; it cannot extend files.</summary>
    public static TopologyLoadResult LoadText(ReadOnlySpan<byte> text, string name, IReadOnlyDictionary<string, string> environment)
    {
        var diagnostics = new DiagnosticBag();
        var reader = new ConfigFileReader(diagnostics);
        return Compile(reader.ReadText(text, name), reader, environment, diagnostics);
    }

    /// <summary>The environment of this process.</summary>
    public static IReadOnlyDictionary<string, string> ProcessEnvironment()
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (DictionaryEntry entry in Environment.GetEnvironmentVariables())
        {
            variables[(string)entry.Key] = (string?)entry.Value ?? string.Empty;
        }

        return variables;
    }

    private static TopologyLoadResult Compile(ConfigMapping? tree, ConfigFileReader reader, IReadOnlyDictionary<string, string> environment, DiagnosticBag diagnostics)
    {
        if (tree is null)
        {
            return new TopologyLoadResult(null, diagnostics.ToList());
        }

        if (tree.Size > TopologyLimits.MaxNodes)
        {
            diagnostics.Error(TopologyErrorCodes.TooComplex, tree.Position, $"the files together have more than {TopologyLimits.MaxNodes} keys and values.");
            return new TopologyLoadResult(null, diagnostics.ToList());
        }

        tree = EnvironmentOverrides.Apply(tree, environment, diagnostics);
        var expander = new VariableExpander(tree.Find("variables") as ConfigMapping, environment, diagnostics);
        var root = new ConfigMapping(
            tree.Entries.Select(e => new ConfigEntry(e.Key, e.Key.Text switch
            {
                "extends" => e.Value,
                "variables" when e.Value is ConfigMapping => expander.OwnVariables,
                _ => expander.Expand(e.Value),
            })).ToList(),
            tree.Position);

        var validator = new SettingsValidator(diagnostics);
        var settings = validator.ReadMap(root, TopologyLanguage.Root, string.Empty, tree.Position);
        var defaults = new TopologyDefaults(validator, tree.Position);
        var stages = settings.Chain("chain") ?? defaults.Chain();
        var chain = new ChainCompiler(diagnostics).Compile(stages, tree.Position);
        var topology = new TopologyBinder(diagnostics).Bind(settings, expander.Values, chain, stages);
        expander.WarnOfUnused();
        var compiled = diagnostics.HasErrors
            ? null
            : new CompiledTopology(topology, EffectiveSettings.Complete(validator.Settings, topology), reader.Files);
        return new TopologyLoadResult(compiled, diagnostics.ToList());
    }
}
