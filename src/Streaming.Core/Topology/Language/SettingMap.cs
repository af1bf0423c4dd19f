using Streaming.Core.Topology.Yaml;

namespace Streaming.Core.Topology.Language;

/// <summary>A mapping after validation: every known key with its typed value, or null where there is none.</summary>
/// <remarks>Values are <see cref="string"/>, <see cref="long"/>, <see cref="double"/>, <see cref="bool"/>, <see cref="TimeSpan"/>,
/// <see cref="List{T}"/> of these, <see cref="SettingMap"/>, a string dictionary, or a list of <see cref="StageNode"/>s.</remarks>
internal sealed class SettingMap(TextPosition position)
{
    private readonly Dictionary<string, object?> values = [];
    private readonly Dictionary<string, ConfigNode> nodes = [];

    public TextPosition Position { get; } = position;

    public void Set(string name, object? value, ConfigNode? node)
    {
        values[name] = value;
        if (node is not null)
        {
            nodes[name] = node;
        }
    }

    public bool IsSet(string name) => nodes.ContainsKey(name);

    public TextPosition PositionOf(string name) => nodes.TryGetValue(name, out var node) ? node.Position : Position;

    public SettingMap Map(string name) => (SettingMap)values[name]!;

    public string? Text(string name) => (string?)values[name];

    public int Integer(string name) => checked((int)(long)values[name]!);

    public int? IntegerOrNull(string name) => values[name] is long value ? checked((int)value) : null;

    public long Long(string name) => (long)values[name]!;

    public double? Number(string name) => (double?)values[name];

    public bool Flag(string name) => (bool)values[name]!;

    public TimeSpan? Duration(string name) => (TimeSpan?)values[name];

    public IReadOnlyList<string> Texts(string name) => values[name] is IReadOnlyList<object?> list ? list.Select(v => (string)v!).ToList() : [];

    public IReadOnlyList<SettingMap> Maps(string name) => values[name] is IReadOnlyList<object?> list ? list.Select(v => (SettingMap)v!).ToList() : [];

    public IReadOnlyDictionary<string, string> Dictionary(string name) =>
        (IReadOnlyDictionary<string, string>?)values[name] ?? new Dictionary<string, string>();

    public IReadOnlyList<StageNode>? Chain(string name) => (IReadOnlyList<StageNode>?)values[name];
}

/// <summary>A stage as it is written.</summary>
internal sealed record StageNode(string Stage, string? In, string? Out, SettingMap Options, TextPosition Position, TextPosition InPosition, TextPosition OutPosition);
