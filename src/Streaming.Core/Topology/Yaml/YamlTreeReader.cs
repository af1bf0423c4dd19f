using System.Globalization;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Streaming.Core.Topology.Yaml;

/// <summary>
/// Reads a YAML file into a tree of <see cref="ConfigNode"/>s, event by event, so that depth, nodes and aliases are
/// counted before anything grows.
/// </summary>
internal sealed class YamlTreeReader
{
    private readonly string file;
    private readonly DiagnosticBag diagnostics;
    private readonly IParser parser;
    private readonly Dictionary<string, ConfigNode> anchors = [];
    private int nodes;
    private int aliases;

    private YamlTreeReader(string text, string file, DiagnosticBag diagnostics)
    {
        this.file = file;
        this.diagnostics = diagnostics;
        parser = new Parser(new StringReader(text));
    }

    /// <summary>The tree, or null after reporting why there is none.</summary>
    public static ConfigNode? Read(ReadOnlySpan<byte> bytes, string file, DiagnosticBag diagnostics)
    {
        var text = YamlPreScan.Decode(bytes, file, diagnostics);
        return text is null ? null : Read(text, file, diagnostics);
    }

    /// <summary>The tree, or null after reporting why there is none.</summary>
    public static ConfigNode? Read(string text, string file, DiagnosticBag diagnostics)
    {
        if (!YamlPreScan.Check(text, file, diagnostics))
        {
            return null;
        }

        var reader = new YamlTreeReader(text, file, diagnostics);
        try
        {
            return reader.ReadStream();
        }
        catch (RefusedException)
        {
            return null; // reported where it was thrown
        }
        catch (YamlException e)
        {
            diagnostics.Error(TopologyErrorCodes.InvalidYaml, reader.At(e.Start), $"this is not YAML: {Describe(e)}");
            return null;
        }
#pragma warning disable CA1031 // A parser of outside text may fail in ways its author did not think of; the file is at fault, and the process lives.
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or IndexOutOfRangeException or FormatException or OverflowException or NullReferenceException or KeyNotFoundException)
#pragma warning restore CA1031
        {
            diagnostics.Error(TopologyErrorCodes.InvalidYaml, reader.Here(), "this is not YAML: it breaks off behind this place.", "Is a bracket, brace or quote not closed, or a line indented wrongly?");
            return null;
        }
    }

    private ConfigNode? ReadStream()
    {
        parser.Consume<StreamStart>();
        if (parser.Accept<StreamEnd>(out _))
        {
            diagnostics.Error(TopologyErrorCodes.EmptyFile, new TextPosition(file, 1, 1), "there is nothing in the file.", "Begin with `name:` and `source:`.");
            return null;
        }

        parser.Consume<DocumentStart>();
        var root = ReadNode(0);
        parser.Consume<DocumentEnd>();
        if (parser.Accept<DocumentStart>(out var second))
        {
            diagnostics.Error(TopologyErrorCodes.SeveralDocuments, At(second.Start), "a second document begins here.", "Put each topology into a file of its own.");
            return null;
        }

        parser.Consume<StreamEnd>();
        return root;
    }

    private ConfigNode ReadNode(int depth)
    {
        Count(1);
        if (parser.TryConsume<AnchorAlias>(out var alias))
        {
            return Resolve(alias, depth);
        }

        if (parser.Accept<NodeEvent>(out var node) && !node.Tag.IsEmpty && !IsQuotedScalar(node))
        {
            diagnostics.Error(TopologyErrorCodes.InvalidYaml, At(node.Start), $"the tag {Quoting.Quote(node.Tag.Value)} has no meaning here.", "Leave it away; quotes make a value text.");
        }

        if (parser.TryConsume<Scalar>(out var scalar))
        {
            return Remember(scalar, new ConfigScalar(scalar.Value, At(scalar.Start), scalar.Style == ScalarStyle.Plain));
        }

        if (depth >= TopologyLimits.MaxDepth)
        {
            throw TooDeep(Here());
        }

        if (parser.TryConsume<SequenceStart>(out var sequence))
        {
            var items = new List<ConfigNode>();
            while (!parser.TryConsume<SequenceEnd>(out _))
            {
                items.Add(ReadNode(depth + 1));
            }

            return Remember(sequence, new ConfigSequence(items, At(sequence.Start)));
        }

        var mapping = parser.Consume<MappingStart>();
        return Remember(mapping, new ConfigMapping(ReadEntries(depth), At(mapping.Start)));
    }

    private List<ConfigEntry> ReadEntries(int depth)
    {
        var entries = new List<ConfigEntry>();
        var seen = new Dictionary<string, TextPosition>(StringComparer.Ordinal);
        while (!parser.TryConsume<MappingEnd>(out _))
        {
            var key = ReadNode(depth + 1);
            var value = ReadNode(depth + 1);
            if (key is not ConfigScalar name)
            {
                diagnostics.Error(TopologyErrorCodes.WrongType, key.Position, $"a key is {key.Kind}.", "Keys are plain words.");
            }
            else if (!seen.TryAdd(name.Text, name.Position))
            {
                var first = seen[name.Text];
                diagnostics.Error(
                    TopologyErrorCodes.DuplicateKey,
                    name.Position,
                    string.Create(CultureInfo.InvariantCulture, $"{Quoting.Quote(name.Text)} is there already, at line {first.Line}."),
                    "Keep one of them.");
            }
            else
            {
                entries.Add(new ConfigEntry(name, value));
            }
        }

        return entries;
    }

    private ConfigNode Resolve(AnchorAlias alias, int depth)
    {
        var position = At(alias.Start);
        if (++aliases > TopologyLimits.MaxAliases)
        {
            throw Refuse(TopologyErrorCodes.TooManyAliases, position, $"there are more than {TopologyLimits.MaxAliases} aliases.", "Use `variables:` or `extends:`.");
        }

        if (!anchors.TryGetValue(alias.Value.Value, out var target))
        {
            throw Refuse(TopologyErrorCodes.InvalidYaml, position, $"nothing before it is named {Quoting.Quote("&" + alias.Value.Value)}.");
        }

        if (depth + target.Height > TopologyLimits.MaxDepth)
        {
            throw TooDeep(position);
        }

        Count(target.Size);
        return target;
    }

    private ConfigNode Remember(NodeEvent node, ConfigNode tree)
    {
        if (!node.Anchor.IsEmpty)
        {
            anchors[node.Anchor.Value] = tree;
        }

        return tree;
    }

    private void Count(int more)
    {
        nodes += more;
        if (nodes > TopologyLimits.MaxNodes)
        {
            throw Refuse(TopologyErrorCodes.TooComplex, Here(), $"there are more than {TopologyLimits.MaxNodes:N0} keys and values, aliases followed.", "No topology needs that.");
        }
    }

    private RefusedException TooDeep(TextPosition position) => Refuse(
        TopologyErrorCodes.TooDeep,
        position,
        $"lists and mappings are nested more than {TopologyLimits.MaxDepth} deep.",
        "No topology needs that.");

    private RefusedException Refuse(string code, TextPosition position, string message, string? hint = null)
    {
        diagnostics.Error(code, position, message, hint);
        return new RefusedException();
    }

    private static bool IsQuotedScalar(NodeEvent node) => node is Scalar { Style: not ScalarStyle.Plain } && node.Tag.IsNonSpecific;

    private TextPosition Here() => parser.Current is { } current ? At(current.Start) : new TextPosition(file, 1, 1);

    private TextPosition At(Mark mark) => new(file, Math.Max(1, (int)mark.Line), Math.Max(1, (int)mark.Column));

    private static string Describe(YamlException e)
    {
        var message = e.InnerException is YamlException inner ? inner.Message : e.Message;
        var lastLine = message.Split('\n')[0].Trim();
        return lastLine.EndsWith('.') ? lastLine : lastLine + ".";
    }

    /// <summary>Ends the reading of a file whose error has been reported.</summary>
    private sealed class RefusedException : Exception;
}
