namespace Streaming.Core.Topology.Yaml;

/// <summary>Lays one tree over another: mappings key by key, lists and scalars whole.</summary>
internal static class ConfigMerger
{
    public static ConfigMapping Merge(ConfigMapping under, ConfigMapping over)
    {
        var entries = new List<ConfigEntry>(under.Entries.Count + over.Entries.Count);
        foreach (var entry in under.Entries)
        {
            entries.Add(over.FindEntry(entry.Key.Text) switch
            {
                null => entry,
                { Value: ConfigMapping above } when entry.Value is ConfigMapping below => new ConfigEntry(entry.Key, Merge(below, above)),
                { } above => above,
            });
        }

        entries.AddRange(over.Entries.Where(e => under.Find(e.Key.Text) is null));
        return new ConfigMapping(entries, over.Position);
    }

    /// <summary>A mapping with the value at a path replaced or added. Null when something on the way is not a mapping.</summary>
    public static ConfigMapping? With(ConfigMapping root, ReadOnlySpan<string> path, ConfigNode value)
    {
        var key = path[0];
        var index = -1;
        for (var i = 0; i < root.Entries.Count && index < 0; i++)
        {
            index = root.Entries[i].Key.Text == key ? i : -1;
        }

        var replacement = value;
        if (path.Length > 1)
        {
            var inner = index < 0 ? new ConfigMapping([], value.Position) : root.Entries[index].Value as ConfigMapping;
            if (inner is null || With(inner, path[1..], value) is not { } deeper)
            {
                return null;
            }

            replacement = deeper;
        }

        var entries = root.Entries.ToList();
        var name = index < 0 ? new ConfigScalar(key, value.Position, isPlain: true) : entries[index].Key;
        if (index < 0)
        {
            entries.Add(new ConfigEntry(name, replacement));
        }
        else
        {
            entries[index] = new ConfigEntry(name, replacement);
        }

        return new ConfigMapping(entries, root.Position);
    }
}
