using System.Globalization;
using Streaming.Core.Topology.Yaml;

namespace Streaming.Core.Topology.Language;

/// <summary>Holds a tree against the language: reports everything wrong, and lists every setting with its origin.</summary>
internal sealed class SettingsValidator(DiagnosticBag diagnostics)
{
    private readonly List<EffectiveSetting> settings = [];

    /// <summary>Every setting, in the language's order, those at their default included.</summary>
    public IReadOnlyList<EffectiveSetting> Settings => settings;

    /// <summary>Typed values. Where one is wrong its default stands in, so that the rest can be checked too.</summary>
    public SettingMap ReadMap(ConfigNode? node, MapType type, string path, TextPosition missingAt)
    {
        var mapping = node as ConfigMapping;
        if (node is not null && mapping is null)
        {
            WrongType(node, path.Length == 0 ? "the file" : Quoting.Quote(path), type, secret: false);
        }

        var map = new SettingMap(node?.Position ?? missingAt);
        foreach (var entry in mapping?.Entries ?? [])
        {
            if (type.Find(entry.Key.Text) is null)
            {
                UnknownKey(entry.Key, type, path);
            }
        }

        foreach (var field in type.Fields)
        {
            var fieldPath = path.Length == 0 ? field.Name : $"{path}.{field.Name}";
            var value = mapping?.Find(field.Name);
            if (value is null && field.Required && mapping is not null)
            {
                diagnostics.Error(TopologyErrorCodes.MissingKey, map.Position, $"{Quoting.Quote(fieldPath)} is missing.", $"{field.Summary} Write `{field.Name}: …`, {field.Type.Describe()}.");
            }

            map.Set(field.Name, ReadField(value, field, fieldPath, map.Position), value);
        }

        return map;
    }

    private object? ReadField(ConfigNode? node, Field field, string path, TextPosition missingAt)
    {
        if (node is ConfigScalar { IsNull: true })
        {
            diagnostics.Error(TopologyErrorCodes.WrongType, node.Position, $"{Quoting.Quote(path)} has no value.", $"Write {field.Type.Describe()}, or leave the key away.");
            node = null;
        }

        switch (field.Type)
        {
            case MapType map:
                return ReadMap(node, map, path, missingAt);
            case FreeMapType free:
                return ReadFreeMap(node, free, path);
            case ChainType:
                return ReadChain(node, path);
        }

        // A variable that is empty means: not set.
        if (node is ConfigScalar { IsUntyped: true, Text: "" })
        {
            if (field.Required)
            {
                diagnostics.Error(TopologyErrorCodes.MissingKey, node.Position, $"{Quoting.Quote(path)} is empty once its variables are filled in.", $"Write {field.Type.Describe()}.");
            }

            Record(path, field, field.Default, node);
            return field.Default;
        }

        if (node is null)
        {
            Record(path, field, field.Default, null);
            return field.Default;
        }

        var value = ReadValue(node, field.Type, path, field.Secret) ?? field.Default;
        if (field.Secret && node is ConfigScalar { Origin: SettingOrigin.File, Variables.Count: 0 })
        {
            diagnostics.Warning(TopologyErrorCodes.SecretInFile, node.Position, $"{Quoting.Quote(path)} is a secret and stands in the file.", "Write `${NAME}` and set NAME in the environment.");
        }

        Record(path, field, value, node);
        return value;
    }

    private object? ReadValue(ConfigNode node, SettingType type, string path, bool secret)
    {
        if (type is ListType list)
        {
            return ReadList(node, list, path);
        }

        if (type is MapType map)
        {
            return ReadMap(node, map, path, node.Position);
        }

        if (node is not ConfigScalar scalar)
        {
            WrongType(node, Quoting.Quote(path), type, secret);
            return null;
        }

        return ScalarReader.Read(scalar, type, path, secret, diagnostics);
    }

    private List<object?>? ReadList(ConfigNode node, ListType type, string path)
    {
        IReadOnlyList<ConfigNode> items;
        switch (node)
        {
            case ConfigSequence sequence:
                items = sequence.Items;
                break;
            case ConfigScalar { IsUntyped: true } scalar:
                items = scalar.Text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
                    .Select(part => (ConfigNode)new ConfigScalar(part, scalar.Position, isPlain: true) { Variables = scalar.Variables, Origin = scalar.Origin })
                    .ToList();
                break;
            case ConfigScalar scalar:
                items = [scalar];
                break;
            default:
                WrongType(node, Quoting.Quote(path), type, secret: false);
                return null;
        }

        var values = new List<object?>();
        for (var i = 0; i < Math.Min(items.Count, type.Max); i++)
        {
            if (items[i] is ConfigScalar { IsUntyped: true, Text: "" })
            {
                continue;
            }

            var value = ReadValue(items[i], type.Item, string.Create(CultureInfo.InvariantCulture, $"{path}[{i}]"), secret: false);
            if (value is not null && type.Distinct && values.Contains(value))
            {
                diagnostics.Error(TopologyErrorCodes.DuplicateItem, items[i].Position, $"{Quoting.Quote(path)} has {Quoting.Quote(value.ToString()!)} twice.", "Keep one of them.");
            }
            else if (value is not null)
            {
                values.Add(value);
            }
        }

        if (items.Count < type.Min || items.Count > type.Max)
        {
            diagnostics.Error(TopologyErrorCodes.OutOfRange, node.Position, $"{Quoting.Quote(path)} has {items.Count} items.", $"From {type.Min} to {type.Max} are allowed.");
        }

        return values;
    }

    private Dictionary<string, string> ReadFreeMap(ConfigNode? node, FreeMapType type, string path)
    {
        var values = new Dictionary<string, string>();
        if (node is null)
        {
            return values;
        }

        if (node is not ConfigMapping mapping)
        {
            WrongType(node, Quoting.Quote(path), type, secret: false);
            return values;
        }

        if (mapping.Entries.Count > type.MaxKeys)
        {
            diagnostics.Error(TopologyErrorCodes.OutOfRange, node.Position, $"{Quoting.Quote(path)} has {mapping.Entries.Count} keys.", $"At most {type.MaxKeys} are allowed.");
        }

        foreach (var (key, value) in mapping.Entries)
        {
            var keyPath = $"{path}.{key.Text}";
            var secret = Secrets.IsSecretName(key.Text);
            if (!type.Matches(key.Text))
            {
                diagnostics.Error(TopologyErrorCodes.InvalidValue, key.Position, $"{Quoting.Quote(key.Text)} cannot be a key of {Quoting.Quote(path)}.", $"Keys are {type.KeyInWords}.");
            }
            else if (type.Refused.TryGetValue(key.Text, out var instead))
            {
                diagnostics.Error(TopologyErrorCodes.Conflict, key.Position, $"{Quoting.Quote(keyPath)} is not to be set.", instead);
            }
            else if (value is not ConfigScalar { IsNull: false } scalar)
            {
                WrongType(value, Quoting.Quote(keyPath), new TextType(), secret);
            }
            else
            {
                if (secret && scalar is { Origin: SettingOrigin.File, Variables.Count: 0, Text.Length: > 0 })
                {
                    diagnostics.Warning(TopologyErrorCodes.SecretInFile, scalar.Position, $"{Quoting.Quote(keyPath)} is a secret and stands in the file.", "Write `${NAME}` and set NAME in the environment.");
                }

                var isSet = scalar.Text.Length > 0;
                Record(keyPath, new Field(key.Text, new TextType(), "Set by this topology.") { Secret = secret }, isSet ? scalar.Text : null, scalar);
                if (isSet)
                {
                    values[key.Text] = scalar.Text;
                }
            }
        }

        return values;
    }

    private List<StageNode>? ReadChain(ConfigNode? node, string path)
    {
        if (node is null)
        {
            return null;
        }

        if (node is not ConfigSequence sequence)
        {
            WrongType(node, Quoting.Quote(path), new ChainType(), secret: false);
            return null;
        }

        if (sequence.Items.Count is 0 or > 50)
        {
            diagnostics.Error(TopologyErrorCodes.OutOfRange, node.Position, $"{Quoting.Quote(path)} has {sequence.Items.Count} stages.", "From 1 to 50 are allowed.");
            return null;
        }

        var stages = new StageReader(this, diagnostics);
        return sequence.Items.Select(item => stages.Read(item)).OfType<StageNode>().ToList();
    }

    internal void WrongType(ConfigNode node, string what, SettingType type, bool secret)
    {
        var found = node is ConfigScalar { IsNull: false } scalar && !secret ? Quoting.Quote(scalar.Text) : node.Kind;
        diagnostics.Error(TopologyErrorCodes.WrongType, node.Position, $"{what} is {found}.", $"Write {type.Describe()}.");
    }

    internal void UnknownKey(ConfigScalar key, MapType type, string path)
    {
        var where = path.Length == 0 ? "A topology" : Quoting.Quote(path);
        string hint;
        if (key.Text == "<<")
        {
            hint = "Merge keys are not supported: use `extends:`.";
        }
        else if (type.KnownAs.TryGetValue(key.Text, out var known))
        {
            hint = $"Here it is called `{known}`.";
        }
        else if (NameSuggester.Nearest(key.Text, type.Fields.Select(f => f.Name)) is { } near)
        {
            hint = $"Did you mean `{near}`?";
        }
        else if (TopologyPaths.SectionsWith(key.Text).FirstOrDefault() is { } section)
        {
            hint = $"It belongs under `{section}`.";
        }
        else
        {
            hint = type.Fields.Count == 0 ? $"{where} has no keys." : $"{where} has {Quoting.List(type.Fields.Select(f => f.Name))}.";
        }

        diagnostics.Error(TopologyErrorCodes.UnknownKey, key.Position, $"there is no key {Quoting.Quote(path.Length == 0 ? key.Text : $"{path}.{key.Text}")}.", hint);
    }

    private void Record(string path, Field field, object? value, ConfigNode? node)
    {
        var scalar = node as ConfigScalar;
        var secret = field.Secret || (scalar is not null && scalar.Variables.Any(v => Secrets.IsSecretName(v.Name)));
        var shown = field.Type is ListType { Item: MapType } ? null : SettingText.Show(value, field.Type);
        var isDefault = node is null || (scalar is { IsUntyped: true, Text: "" });
        settings.Add(new EffectiveSetting(
            path,
            shown is null ? null : secret ? Secrets.Mask : Secrets.MaskUrls(shown),
            isDefault ? SettingOrigin.Default : scalar?.Origin ?? SettingOrigin.File,
            node?.Position,
            scalar?.Variables.Select(v => v.ToString()).ToList() ?? [],
            isDefault && field.DefaultInWords is not null ? $"{field.Summary} Not set: {field.DefaultInWords}." : field.Summary));
    }
}
