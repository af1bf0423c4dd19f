using YamlDotNet.RepresentationModel;

namespace Streaming.Architecture.Tests;

/// <summary>
/// The fields that a YAML format knows, as far as the repository's files use it: a line a place, with the names that may stand there.
/// <c>*</c> allows any name; a list's items stand at its own place. A place that is not named holds plain values.
/// </summary>
internal sealed class DeploymentFormat(string fields)
{
    private readonly Dictionary<string, HashSet<string>> _known = fields
        .Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
        .Select(static line => line.Split(':', 2))
        .ToDictionary(static line => line[0].Trim(), static line => line[1].Split(' ', StringSplitOptions.RemoveEmptyEntries).ToHashSet(StringComparer.Ordinal), StringComparer.Ordinal);

    /// <summary>Every field that the format does not know, by its place.</summary>
    public IReadOnlyList<string> Unknown(YamlNode root)
    {
        var found = new List<string>();
        Look(root, "", found);
        return found;
    }

    private void Look(YamlNode node, string place, List<string> found)
    {
        switch (node)
        {
            case YamlSequenceNode list:
                foreach (var item in list)
                    Look(item, place, found);
                break;
            case YamlMappingNode map:
                if (!_known.TryGetValue(place.Length == 0 ? "/" : place, out var names))
                {
                    found.Add($"{place} holds no fields, and has {string.Join(", ", map.Children.Keys)}");
                    break;
                }

                foreach (var (key, value) in map)
                {
                    var name = key.ToString();
                    var isFree = names.Contains("*");
                    if (!isFree && !names.Contains(name))
                        found.Add($"{place}/{name}");
                    else
                        Look(value, $"{place}/{(isFree && !names.Contains(name) ? "*" : name)}", found);
                }

                break;
        }
    }
}
