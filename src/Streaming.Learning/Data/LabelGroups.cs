using System.Text.Json;
using Streaming.Core;

namespace Streaming.Learning.Data;

/// <summary>Reads a file that folds labels into groups: a JSON object, group → list of labels.</summary>
public static class LabelGroups
{
    /// <summary>Label → its group, or null where the group is not among those wanted.</summary>
    /// <param name="path">The file.</param>
    /// <param name="wanted">Labels of the head.</param>
    /// <exception cref="StreamingException"><c>data_file_missing</c>, <c>data_malformed</c>.</exception>
    public static IReadOnlyDictionary<string, string?> Read(string path, IReadOnlyCollection<string> wanted)
    {
        if (!File.Exists(path))
            throw DataErrors.Missing(path);
        var mapping = new Dictionary<string, string?>(StringComparer.Ordinal);
        try
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(path), new JsonDocumentOptions { MaxDepth = 8 });
            foreach (var group in json.RootElement.EnumerateObject())
            {
                foreach (var label in group.Value.EnumerateArray())
                {
                    if (!mapping.TryAdd(label.GetString()!, wanted.Contains(group.Name) ? group.Name : null))
                        throw DataErrors.Malformed(path, 1, $"the label '{DataErrors.Quote(label.GetString()!)}' is in two groups");
                }
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentNullException)
        {
            throw DataErrors.Malformed(path, 1, "a JSON object of lists of labels is expected", e);
        }

        return mapping;
    }
}
