using System.Text;

namespace Streaming.Learning.Data;

/// <summary>
/// Reads bracket notation, a text a line: <c>[Barack Obama](PER) was born in [Hawaii](LOC).</c> A backslash takes the meaning from the
/// bracket, parenthesis or backslash behind it. Blank lines and lines that start with <c>#</c> and a space are passed over.
/// </summary>
internal static class BracketReader
{
    public static IEnumerable<Sample> Read(string path)
    {
        foreach (var (number, line) in DataFile.ReadLines(path))
        {
            if (!string.IsNullOrWhiteSpace(line) && !line.StartsWith("# ", StringComparison.Ordinal))
                yield return Parse(line, path, number);
        }
    }

    private static SpannedText Parse(string line, string path, long number)
    {
        var text = new StringBuilder(line.Length);
        var spans = new List<LabelledSpan>();
        var open = -1;
        for (var i = 0; i < line.Length; i++)
        {
            switch (line[i])
            {
                case '\\' when i + 1 < line.Length && line[i + 1] is '[' or ']' or '(' or ')' or '\\' or '#':
                    text.Append(line[++i]);
                    break;
                case '[' when open >= 0:
                    throw DataErrors.Malformed(path, number, $"a span starts inside another at column {i + 1}; write \\[ where the bracket is text");
                case '[':
                    open = text.Length;
                    break;
                case ']' when open < 0:
                    throw DataErrors.Malformed(path, number, $"a span ends at column {i + 1} and none has begun; write \\] where the bracket is text");
                case ']':
                    if (text.Length == open)
                        throw DataErrors.Malformed(path, number, $"the span at column {i + 1} is empty");
                    spans.Add(new LabelledSpan(open, text.Length, Label(line, ref i, path, number)));
                    open = -1;
                    break;
                default:
                    text.Append(line[i]);
                    break;
            }
        }

        if (open >= 0)
            throw DataErrors.Malformed(path, number, "a span has no end; write \\[ where the bracket is text");
        return new SpannedText { Text = text.ToString(), Spans = spans, Origin = $"{Path.GetFileName(path)}:{number}" };
    }

    /// <summary>The label in parentheses behind a span; leaves the place at its end.</summary>
    private static string Label(string line, ref int place, string path, long number)
    {
        var start = place + 2;
        var end = start <= line.Length && line.AsSpan(place + 1).StartsWith('(') ? line.IndexOf(')', start) : -1;
        var label = end < 0 ? "" : line[start..end];
        if (label.Length == 0 || label.Any(static c => char.IsWhiteSpace(c) || char.IsControl(c)))
            throw DataErrors.Malformed(path, number, $"behind the span at column {place + 1} a label in parentheses is expected, such as (PER)");
        place = end;
        return label;
    }
}
