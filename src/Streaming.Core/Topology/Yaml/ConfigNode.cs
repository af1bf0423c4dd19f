namespace Streaming.Core.Topology.Yaml;

/// <summary>A node of a configuration file with its place. Trees are finite: an alias shares the node it names.</summary>
internal abstract class ConfigNode
{
    protected ConfigNode(TextPosition position) => Position = position;

    public TextPosition Position { get; }

    /// <summary>Nodes below and with this one, aliases followed.</summary>
    public abstract int Size { get; }

    /// <summary>Levels below and with this one, aliases followed; a scalar has 0.</summary>
    public abstract int Height { get; }

    /// <summary>The kind, for messages.</summary>
    public abstract string Kind { get; }
}

/// <summary>A scalar, as text.</summary>
internal sealed class ConfigScalar : ConfigNode
{
    public ConfigScalar(string text, TextPosition position, bool isPlain)
        : base(position)
    {
        Text = text;
        IsPlain = isPlain;
    }

    public string Text { get; }

    /// <summary>Written without quotes, so that 12, true and null mean number, boolean and nothing.</summary>
    public bool IsPlain { get; }

    /// <summary>Variables the text was made with; then it has the type that is asked for.</summary>
    public IReadOnlyList<VariableUse> Variables { get; init; } = [];

    public SettingOrigin Origin { get; init; } = SettingOrigin.File;

    /// <summary>True when the text came from outside the file: quotes say nothing about its type then.</summary>
    public bool IsUntyped => Variables.Count > 0 || Origin == SettingOrigin.Environment;

    public bool IsNull => IsPlain && !IsUntyped && (Text is "" or "~" or "null" or "Null" or "NULL");

    public override int Size => 1;

    public override int Height => 0;

    public override string Kind => IsNull ? "nothing" : "a single value";
}

/// <summary>A variable that was filled in.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Source">Where its value came from: <c>environment</c>, <c>default</c>, or a place in a file.</param>
internal readonly record struct VariableUse(string Name, string Source)
{
    public override string ToString() => $"{Name} ({Source})";
}

/// <summary>A list.</summary>
internal sealed class ConfigSequence : ConfigNode
{
    public ConfigSequence(IReadOnlyList<ConfigNode> items, TextPosition position)
        : base(position)
    {
        Items = items;
        var size = 1;
        var height = 0;
        foreach (var item in items)
        {
            size += item.Size;
            height = Math.Max(height, item.Height);
        }

        Size = size;
        Height = height + 1;
    }

    public IReadOnlyList<ConfigNode> Items { get; }

    public override int Size { get; }

    public override int Height { get; }

    public override string Kind => "a list";
}

/// <summary>A key and its value.</summary>
internal readonly record struct ConfigEntry(ConfigScalar Key, ConfigNode Value);

/// <summary>A mapping; its keys are distinct.</summary>
internal sealed class ConfigMapping : ConfigNode
{
    private Dictionary<string, ConfigEntry>? byKey;

    public ConfigMapping(IReadOnlyList<ConfigEntry> entries, TextPosition position)
        : base(position)
    {
        Entries = entries;
        var size = 1;
        var height = 0;
        foreach (var entry in entries)
        {
            size += 1 + entry.Value.Size;
            height = Math.Max(height, entry.Value.Height);
        }

        Size = size;
        Height = height + 1;
    }

    public IReadOnlyList<ConfigEntry> Entries { get; }

    public override int Size { get; }

    public override int Height { get; }

    public override string Kind => "a mapping";

    public ConfigNode? Find(string key) => FindEntry(key)?.Value;

    public ConfigEntry? FindEntry(string key)
    {
        if (byKey is null)
        {
            byKey = new Dictionary<string, ConfigEntry>(Entries.Count, StringComparer.Ordinal);
            foreach (var entry in Entries)
            {
                byKey.TryAdd(entry.Key.Text, entry);
            }
        }

        return byKey.TryGetValue(key, out var found) ? found : null;
    }
}
