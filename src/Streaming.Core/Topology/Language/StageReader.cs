using Streaming.Core.Topology.Yaml;

namespace Streaming.Core.Topology.Language;

/// <summary>Reads a stage of a chain: its bare name, or a mapping with <c>stage</c>, <c>in</c>, <c>out</c>, <c>options</c>.</summary>
internal sealed class StageReader(SettingsValidator validator, DiagnosticBag diagnostics)
{
    private static readonly TextType ValueName = new(TopologyLanguage.ValueNamePattern, "a name of lower-case letters, digits and `_`", 1, 64);

    private static readonly MapType Keys = new(
    [
        new("stage", new TextType(), "Which stage."),
        new("in", ValueName, "Name of the value it reads."),
        new("out", ValueName, "Name of the value it gives."),
        new("options", new MapType([]), "What it can be told."),
    ])
    {
        KnownAs = new Dictionary<string, string>
        {
            ["name"] = "stage",
            ["type"] = "stage",
            ["class_name"] = "stage",
            ["input"] = "in",
            ["inputs"] = "in",
            ["output"] = "out",
            ["outputs"] = "out",
            ["config"] = "options",
            ["with"] = "options",
        },
    };

    public StageNode? Read(ConfigNode item)
    {
        switch (item)
        {
            case ConfigScalar { IsNull: false } name:
                return Find(name) is { } bare ? new StageNode(bare, null, null, Options(null, bare, item.Position), item.Position, item.Position, item.Position) : null;
            case ConfigMapping mapping:
                return ReadMapping(mapping);
            default:
                diagnostics.Error(TopologyErrorCodes.WrongType, item.Position, $"a stage is {item.Kind}.", "Write its name, or a mapping with `stage`, and if needed `in`, `out` and `options`.");
                return null;
        }
    }

    private StageNode? ReadMapping(ConfigMapping mapping)
    {
        foreach (var entry in mapping.Entries)
        {
            if (Keys.Find(entry.Key.Text) is null)
            {
                validator.UnknownKey(entry.Key, Keys, "stage");
            }
        }

        var input = Name(mapping, "in");
        var output = Name(mapping, "out");
        if (mapping.Find("stage") is not { } named)
        {
            diagnostics.Error(TopologyErrorCodes.MissingKey, mapping.Position, "`stage` is missing.", $"Write `stage: …`, one of {Quoting.List(StageRegistry.All.Select(s => s.Name))}.");
            return null;
        }

        if (named is not ConfigScalar { IsNull: false } scalar)
        {
            validator.WrongType(named, "`stage`", new ChoiceType(StageRegistry.All.Select(s => s.Name).ToList()), secret: false);
            return null;
        }

        if (Find(scalar) is not { } stage)
        {
            return null;
        }

        var options = mapping.Find("options");
        return new StageNode(
            stage,
            input,
            output,
            Options(options, stage, mapping.Position),
            mapping.Position,
            mapping.Find("in")?.Position ?? mapping.Position,
            mapping.Find("out")?.Position ?? mapping.Position);
    }

    private SettingMap Options(ConfigNode? node, string stage, TextPosition position) =>
        validator.ReadMap(node, TopologyLanguage.OptionsOf(stage), $"chain.{stage}", position);

    private string? Name(ConfigMapping mapping, string key)
    {
        switch (mapping.Find(key))
        {
            case null:
                return null;
            case ConfigScalar scalar:
                return (string?)ScalarReader.Read(scalar, ValueName, key, secret: false, diagnostics);
            case var node:
                validator.WrongType(node, Quoting.Quote(key), ValueName, secret: false);
                return null;
        }
    }

    private string? Find(ConfigScalar name)
    {
        if (StageRegistry.Find(name.Text) is not null)
        {
            return name.Text;
        }

        var near = NameSuggester.Nearest(name.Text, StageRegistry.All.Select(s => s.Name)) ?? KnownElsewhere(name.Text);
        diagnostics.Error(
            TopologyErrorCodes.UnknownStage,
            name.Position,
            $"there is no stage {Quoting.Quote(name.Text)}.",
            near is null ? $"There are {Quoting.List(StageRegistry.All.Select(s => s.Name))}." : $"Did you mean `{near}`?");
        return null;
    }

    private static string? KnownElsewhere(string name) => name.ToLowerInvariant() switch
    {
        "ner" => StageRegistry.Entities,
        "absa" => StageRegistry.Aspects,
        "classify" or "classifier" => StageRegistry.Topics,
        "parse" or "read" => "decode",
        "embed" or "encoder" or "model" or "bert" => "encode",
        _ => null,
    };
}
