using System.Globalization;
using Streaming.Core;

namespace Streaming.Learning.Data;

/// <summary>Turns what a label cell holds into label names.</summary>
public static class LabelNames
{
    internal static IReadOnlyList<string> Resolve(string cell, IReadOnlyList<string>? names, string path, long line)
    {
        if (cell.Length == 0)
            throw DataErrors.Malformed(path, line, "the label is empty");
        if (names is null)
            return [cell];
        var parts = cell.Split(',', StringSplitOptions.TrimEntries);
        var labels = new string[parts.Length];
        for (var i = 0; i < parts.Length; i++)
        {
            if (!int.TryParse(parts[i], NumberStyles.None, CultureInfo.InvariantCulture, out var index) || index >= names.Count)
                throw new StreamingException("data_label_unknown", $"{Path.GetFileName(path)}:{line}: '{DataErrors.Quote(parts[i])}' is not an index into the {names.Count} label names");
            labels[i] = names[index];
        }

        return labels;
    }

    /// <summary>One name a line; a blank line is no label.</summary>
    public static IReadOnlyList<string> ReadFile(string path) =>
        [.. DataFile.ReadLines(path).Select(l => l.Text.Trim()).Where(l => l.Length > 0)];
}
