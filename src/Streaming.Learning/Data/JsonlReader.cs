using System.Text.Json;

namespace Streaming.Learning.Data;

/// <summary>Reads JSON lines: <c>text</c> with <c>label</c> (a string, a number, or an array of them), or with <c>spans</c> (<c>{start, end, label}</c>) and perhaps <c>categories</c>.</summary>
internal static class JsonlReader
{
    private static readonly string[] LabelFields = ["label", "labels", "class", "category"];

    public static IEnumerable<Sample> Read(string path, DataReadOptions options)
    {
        var textFields = options.TextColumns.Count > 0 ? options.TextColumns : ["text"];
        foreach (var (number, line) in DataFile.ReadLines(path))
        {
            if (string.IsNullOrWhiteSpace(line))
                continue;
            using var json = Parse(line, path, number);
            var root = json.RootElement;
            if (root.ValueKind != JsonValueKind.Object)
                throw DataErrors.Malformed(path, number, "a JSON object is expected");
            var text = string.Join(' ', textFields.Select(f => Text(root, f, path, number)).Where(t => t.Length > 0));
            var origin = $"{Path.GetFileName(path)}:{number}";
            if (options.LabelColumn is null && root.TryGetProperty("spans", out var spans))
                yield return new SpannedText { Text = text, Spans = Spans(spans, text, path, number), Categories = Categories(root, path, number), Origin = origin };
            else
                yield return new LabelledText { Text = text, Labels = Labels(root, options, path, number), Origin = origin };
        }
    }

    private static JsonDocument Parse(string line, string path, long number)
    {
        try
        {
            return JsonDocument.Parse(line, new JsonDocumentOptions { MaxDepth = 64 });
        }
        catch (JsonException e)
        {
            throw DataErrors.Malformed(path, number, "not valid JSON", e);
        }
    }

    private static string Text(JsonElement root, string field, string path, long line)
    {
        if (!root.TryGetProperty(field, out var value) || value.ValueKind != JsonValueKind.String)
            throw DataErrors.Malformed(path, line, $"the field '{field}' must be a string");
        return StringOf(value, field, path, line);
    }

    private static string StringOf(JsonElement value, string field, string path, long line)
    {
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException e)
        {
            throw DataErrors.Malformed(path, line, $"the field '{field}' is not valid Unicode", e);
        }
    }

    private static List<string>? Categories(JsonElement root, string path, long line)
    {
        if (!root.TryGetProperty("categories", out var value))
            return null;
        if (value.ValueKind != JsonValueKind.Array || value.EnumerateArray().Any(static item => item.ValueKind != JsonValueKind.String))
            throw DataErrors.Malformed(path, line, "the field 'categories' must be an array of strings");
        return [.. value.EnumerateArray().Select(item => StringOf(item, "categories", path, line))];
    }

    private static IReadOnlyList<string> Labels(JsonElement root, DataReadOptions options, string path, long line)
    {
        var field = options.LabelColumn ?? Array.Find(LabelFields, f => root.TryGetProperty(f, out _)) ?? LabelFields[0];
        if (!root.TryGetProperty(field, out var value))
            throw DataErrors.Malformed(path, line, $"the field '{field}' is missing");
        if (value.ValueKind == JsonValueKind.Array)
            return [.. value.EnumerateArray().SelectMany(v => Label(v, field, options, path, line))];
        return Label(value, field, options, path, line);
    }

    private static IReadOnlyList<string> Label(JsonElement value, string field, DataReadOptions options, string path, long line)
    {
        var cell = value.ValueKind switch
        {
            JsonValueKind.String => StringOf(value, field, path, line),
            JsonValueKind.Number => value.GetRawText(),
            _ => throw DataErrors.Malformed(path, line, $"the field '{field}' must be a string, a number, or an array of them"),
        };
        return LabelNames.Resolve(cell, options.LabelNames, path, line);
    }

    private static List<LabelledSpan> Spans(JsonElement value, string text, string path, long line)
    {
        if (value.ValueKind != JsonValueKind.Array)
            throw DataErrors.Malformed(path, line, "the field 'spans' must be an array");
        var spans = new List<LabelledSpan>();
        foreach (var item in value.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.Object
                || !item.TryGetProperty("start", out var start) || start.ValueKind != JsonValueKind.Number || !start.TryGetInt32(out var from)
                || !item.TryGetProperty("end", out var end) || end.ValueKind != JsonValueKind.Number || !end.TryGetInt32(out var to))
                throw DataErrors.Malformed(path, line, "a span must have whole numbers 'start' and 'end'");
            if (from < 0 || to <= from || to > text.Length)
                throw DataErrors.Offsets(path, line, $"a span from {from} to {to} does not lie in the text of {text.Length} code units");
            spans.Add(new LabelledSpan(from, to, Text(item, "label", path, line)));
        }

        spans.Sort((a, b) => a.Start != b.Start ? a.Start.CompareTo(b.Start) : a.End.CompareTo(b.End));
        for (var i = 1; i < spans.Count; i++)
        {
            if (spans[i].Start < spans[i - 1].End)
                throw DataErrors.Offsets(path, line, "two spans overlap");
        }

        return spans;
    }
}
