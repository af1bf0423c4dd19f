namespace Streaming.Core.Topology.Language;

/// <summary>Finds settings by their dotted path.</summary>
internal static class TopologyPaths
{
    /// <summary>Sections that have a key of this name, for "it belongs under".</summary>
    public static IEnumerable<string> SectionsWith(string name)
    {
        foreach (var field in TopologyLanguage.Root.Fields)
        {
            if (field.Type is MapType map && map.Find(name) is not null)
            {
                yield return field.Name;
            }
        }

        foreach (var stage in StageRegistry.All)
        {
            if (TopologyLanguage.OptionsOf(stage.Name).Find(name) is not null)
            {
                yield return $"options of the stage {stage.Name}";
            }
        }
    }

    /// <summary>Paths of all settings that an environment variable can set; free keys of <c>source.kafka</c> and <c>variables</c> aside.</summary>
    public static IEnumerable<string> Overridable() => Below(TopologyLanguage.Root, string.Empty);

    private static IEnumerable<string> Below(MapType map, string path)
    {
        foreach (var field in map.Fields)
        {
            var fieldPath = path.Length == 0 ? field.Name : $"{path}.{field.Name}";
            if (field.Type is MapType inner)
            {
                foreach (var deeper in Below(inner, fieldPath))
                {
                    yield return deeper;
                }
            }
            else if (field.Type is not (ChainType or FreeMapType) && field.Name != "extends")
            {
                yield return fieldPath;
            }
        }
    }
}
