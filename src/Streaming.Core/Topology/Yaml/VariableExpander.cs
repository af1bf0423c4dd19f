using System.Text;
using System.Text.RegularExpressions;

namespace Streaming.Core.Topology.Yaml;

/// <summary>
/// Fills in <c>${NAME}</c> and <c>${NAME:-default}</c> in values; <c>$${</c> stands for <c>${</c>. One pass: what a variable
/// holds is never looked at again, so the environment can't inject and nothing can grow without bound.
/// </summary>
internal sealed class VariableExpander
{
    private static readonly Regex NameForm = new("^[A-Za-z_][A-Za-z0-9_]*\\z", RegexOptions.NonBacktracking);

    private readonly IReadOnlyDictionary<string, string> environment;
    private readonly DiagnosticBag diagnostics;
    private readonly Dictionary<string, ConfigScalar> own = [];
    private readonly List<ConfigEntry> ownEntries = [];
    private readonly TextPosition ownPosition;
    private readonly HashSet<string> used = [];
    private readonly HashSet<ConfigScalar> refused = [];
    private long total;

    public VariableExpander(ConfigMapping? variables, IReadOnlyDictionary<string, string> environment, DiagnosticBag diagnostics)
    {
        this.environment = environment;
        this.diagnostics = diagnostics;
        ownPosition = variables?.Position ?? default;
        foreach (var (key, value) in variables?.Entries ?? [])
        {
            if (value is not ConfigScalar { IsNull: false } scalar)
            {
                ownEntries.Add(new ConfigEntry(key, value)); // reported when it is held against the language
                continue;
            }

            var filled = environment.TryGetValue(key.Text, out var outside)
                ? new ConfigScalar(outside, scalar.Position, isPlain: false) { Variables = [new VariableUse(key.Text, "environment")] }
                : Fill(scalar, ownVariables: false);
            own[key.Text] = filled;
            ownEntries.Add(new ConfigEntry(key, filled));
        }
    }

    /// <summary>The file's own variables with the values in force.</summary>
    public IReadOnlyDictionary<string, string> Values => own.ToDictionary(v => v.Key, v => v.Value.Text);

    /// <summary>The mapping <c>variables:</c> with the values in force.</summary>
    public ConfigMapping OwnVariables => new(ownEntries, ownPosition);

    /// <summary>The tree with every variable filled in; keys are left as they are.</summary>
    public ConfigNode Expand(ConfigNode node) => node switch
    {
        ConfigScalar scalar => Fill(scalar, ownVariables: true),
        ConfigSequence sequence => new ConfigSequence(sequence.Items.Select(Expand).ToList(), sequence.Position),
        ConfigMapping mapping => new ConfigMapping(mapping.Entries.Select(e => new ConfigEntry(e.Key, Expand(e.Value))).ToList(), mapping.Position),
        _ => throw new InvalidOperationException($"{node.GetType().Name} is no kind of node; this is a bug."),
    };

    /// <summary>Warns of variables that nothing used.</summary>
    public void WarnOfUnused()
    {
        foreach (var (name, scalar) in own)
        {
            if (!used.Contains(name))
            {
                diagnostics.Warning(TopologyErrorCodes.UnusedVariable, scalar.Position, $"nothing uses the variable {Quoting.Quote(name)}.", $"Write `${{{name}}}` where it belongs, or leave it away.");
            }
        }
    }

    private ConfigScalar Fill(ConfigScalar scalar, bool ownVariables)
    {
        var text = scalar.Text;
        if (scalar.Origin == SettingOrigin.Environment || !text.Contains("${", StringComparison.Ordinal))
        {
            return scalar;
        }

        var result = new StringBuilder();
        var uses = new List<VariableUse>();
        var position = 0;
        while (position < text.Length)
        {
            var next = text.IndexOf("${", position, StringComparison.Ordinal);
            if (next < 0)
            {
                result.Append(text, position, text.Length - position);
                break;
            }

            if (next > position && text[next - 1] == '$')
            {
                result.Append(text, position, next - 1 - position).Append("${");
                position = next + 2;
                continue;
            }

            result.Append(text, position, next - position);
            var end = text.IndexOf('}', next);
            if (end < 0)
            {
                Refuse(scalar, TopologyErrorCodes.InvalidVariable, $"{Quoting.Quote(text[next..])} has no end.", "Write `${NAME}` or `${NAME:-default}`; `$${` stands for `${` itself.");
                return scalar;
            }

            if (!Append(scalar, text[(next + 2)..end], ownVariables, result, uses))
            {
                return scalar;
            }

            position = end + 1;
            if (result.Length > TopologyLimits.MaxScalarLength || (total += result.Length) > TopologyLimits.MaxFileBytes * 4L)
            {
                Refuse(scalar, TopologyErrorCodes.TooComplex, "the text grows too long when its variables are filled in.", $"At most {TopologyLimits.MaxScalarLength} characters are allowed.");
                return scalar;
            }
        }

        return new ConfigScalar(result.ToString(), scalar.Position, scalar.IsPlain && uses.Count == 0) { Variables = uses, Origin = scalar.Origin };
    }

    private bool Append(ConfigScalar scalar, string reference, bool ownVariables, StringBuilder result, List<VariableUse> uses)
    {
        if (reference.Contains("${", StringComparison.Ordinal))
        {
            Refuse(scalar, TopologyErrorCodes.InvalidVariable, $"{Quoting.Quote("${" + reference + "}")} has a variable inside a variable.", "A default is plain text.");
            return false;
        }

        var separator = reference.IndexOf(":-", StringComparison.Ordinal);
        var name = separator < 0 ? reference : reference[..separator];
        if (!NameForm.IsMatch(name) || name.Length > 100)
        {
            Refuse(scalar, TopologyErrorCodes.InvalidVariable, $"{Quoting.Quote("${" + reference + "}")} names no variable.", "Write `${NAME}` or `${NAME:-default}`; `$${` stands for `${` itself.");
            return false;
        }

        if (ownVariables && own.TryGetValue(name, out var variable))
        {
            used.Add(name);
            result.Append(variable.Text);
            if (variable.Variables is not [{ Source: "environment" } outer] || outer.Name != name)
            {
                Use(uses, new VariableUse(name, variable.Position.ToString()));
            }

            // What a variable was made with is carried on, so that a secret stays known as one.
            foreach (var inner in variable.Variables)
            {
                Use(uses, inner);
            }

            return true;
        }

        // As in a shell: with ":-" an empty variable counts as not set.
        if (environment.TryGetValue(name, out var outside) && (outside.Length > 0 || separator < 0))
        {
            result.Append(outside);
            Use(uses, new VariableUse(name, "environment"));
            return true;
        }

        if (separator >= 0)
        {
            result.Append(reference, separator + 2, reference.Length - separator - 2);
            Use(uses, new VariableUse(name, "default"));
            return true;
        }

        var near = NameSuggester.Nearest(name, own.Keys.Concat(environment.Keys.Where(k => k.StartsWith("STREAMING_", StringComparison.Ordinal))));
        Refuse(
            scalar,
            TopologyErrorCodes.UndefinedVariable,
            $"the variable {Quoting.Quote(name)} is not set.",
            near is null ? $"Set it in the environment or under `variables:`, or give a default: `${{{name}:-…}}`." : $"Did you mean `{near}`?");
        return false;
    }

    private static void Use(List<VariableUse> uses, VariableUse use)
    {
        if (uses.Count < 16 && !uses.Contains(use))
        {
            uses.Add(use);
        }
    }

    // An alias may bring the same scalar several times; it is wrong once.
    private void Refuse(ConfigScalar scalar, string code, string message, string hint)
    {
        if (refused.Add(scalar))
        {
            diagnostics.Error(code, scalar.Position, message, hint);
        }
    }
}
