using System.Text;

namespace Streaming.Core.Topology.Yaml;

/// <summary>
/// Looks at a file before the YAML library does: size, encoding, control characters, tabs, nesting.
/// It only has to be safe, not to know all of YAML; <see cref="YamlTreeReader"/> counts again, exactly, while it reads.
/// </summary>
internal static class YamlPreScan
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The text, or null after reporting what is wrong with it.</summary>
    public static string? Decode(ReadOnlySpan<byte> bytes, string file, DiagnosticBag diagnostics)
    {
        var start = new TextPosition(file, 1, 1);
        if (bytes.Length > TopologyLimits.MaxFileBytes)
        {
            diagnostics.Error(TopologyErrorCodes.FileTooLarge, start, "the file is larger than 1 MiB.", "Is it the right file?");
            return null;
        }

        if (bytes is [0xFF, 0xFE, ..] or [0xFE, 0xFF, ..])
        {
            diagnostics.Error(TopologyErrorCodes.InvalidUtf8, start, "the file is UTF-16.", "Save it as UTF-8.");
            return null;
        }

        if (bytes is [0xEF, 0xBB, 0xBF, ..])
        {
            bytes = bytes[3..];
        }

        try
        {
            return Strict.GetString(bytes);
        }
        catch (DecoderFallbackException e)
        {
            var (line, column) = PositionOf(bytes, Math.Clamp(e.Index, 0, bytes.Length));
            diagnostics.Error(TopologyErrorCodes.InvalidUtf8, new TextPosition(file, line, column), "the file is not UTF-8 text.", "Save it as UTF-8.");
            return null;
        }
    }

    /// <summary>False after reporting something the library must not see.</summary>
    public static bool Check(string text, string file, DiagnosticBag diagnostics)
    {
        if (!CheckCharacters(text, file, diagnostics))
        {
            return false;
        }

        var scan = new Scan(text, file, diagnostics);
        return scan.Run();
    }

    private static bool CheckCharacters(string text, string file, DiagnosticBag diagnostics)
    {
        var line = 1;
        var lineStart = 0;
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (c == '\n')
            {
                line++;
                lineStart = i + 1;
            }
            else if ((char.IsControl(c) && c is not ('\t' or '\r')) || c is '\uFEFF' or '\uFFFE' or '\uFFFF')
            {
                diagnostics.Error(
                    TopologyErrorCodes.ControlCharacter,
                    new TextPosition(file, line, i - lineStart + 1),
                    $"there is a character U+{(int)c:X4}, which no topology needs.",
                    "Is this a text file? In double quotes it can be written as an escape.");
                return false;
            }
        }

        return true;
    }

    private static (int Line, int Column) PositionOf(ReadOnlySpan<byte> bytes, int index)
    {
        var before = bytes[..index];
        var line = before.Count((byte)'\n') + 1;
        return (line, index - (before.LastIndexOf((byte)'\n') + 1) + 1);
    }

    private sealed class Scan(string text, string file, DiagnosticBag diagnostics)
    {
        private readonly Stack<int> indents = new();
        private int flow;
        private char quote;
        private int blockScalarIndent = -1;

        public bool Run()
        {
            var lineNumber = 0;
            foreach (var line in text.AsSpan().EnumerateLines())
            {
                lineNumber++;
                if (lineNumber > TopologyLimits.MaxLines)
                {
                    diagnostics.Error(TopologyErrorCodes.TooComplex, new TextPosition(file, lineNumber, 1), $"there are more than {TopologyLimits.MaxLines} lines.", "No topology needs that.");
                    return false;
                }

                if (!ScanLine(line, lineNumber))
                {
                    return false;
                }
            }

            return true;
        }

        private bool ScanLine(ReadOnlySpan<char> line, int number)
        {
            var content = line.TrimStart(" \t");
            var isBlank = content.IsEmpty || content[0] == '#';
            var indent = line.Length - line.TrimStart(' ').Length;
            if (blockScalarIndent >= 0)
            {
                if (content.IsEmpty || indent > blockScalarIndent)
                {
                    return true;
                }

                blockScalarIndent = -1;
            }

            if (quote == '\0' && isBlank)
            {
                return true;
            }

            if (quote == '\0' && line[..^content.Length].Contains('\t'))
            {
                diagnostics.Error(
                    TopologyErrorCodes.TabIndentation,
                    new TextPosition(file, number, line.IndexOf('\t') + 1),
                    "the line is indented with a tab.",
                    "YAML allows only spaces there: use two for each level.");
                return false;
            }

            var position = indent;
            if (quote == '\0' && flow == 0)
            {
                position = TrackIndent(line, indent);
            }

            if (indents.Count > TopologyLimits.MaxDepth)
            {
                return TooDeep(number, position + 1);
            }

            return ScanContent(line, position, number, indent);
        }

        // Where a level of nesting begins: the indent, and each "- " or "? " that opens another level on the same line.
        private int TrackIndent(ReadOnlySpan<char> line, int indent)
        {
            while (indents.Count > 0 && indents.Peek() > indent)
            {
                indents.Pop();
            }

            if (indents.Count == 0 || indents.Peek() < indent)
            {
                indents.Push(indent);
            }

            var position = indent;
            while (position < line.Length && line[position] is '-' or '?' or ':'
                && (position + 1 == line.Length || line[position + 1] == ' '))
            {
                do
                {
                    position++;
                }
                while (position < line.Length && line[position] == ' ');

                indents.Push(position);
                if (indents.Count > TopologyLimits.MaxDepth)
                {
                    break;
                }
            }

            return position;
        }

        private bool ScanContent(ReadOnlySpan<char> line, int from, int number, int indent)
        {
            var end = line.Length;
            for (var i = from; i < line.Length; i++)
            {
                var c = line[i];
                if (quote != '\0')
                {
                    if (c == '\\' && quote == '"')
                    {
                        i++;
                    }
                    else if (c == quote)
                    {
                        quote = '\0';
                    }

                    continue;
                }

                var opensToken = i == 0 || line[i - 1] is ' ' or '\t' or '[' or '{' or ',' or ':';
                switch (c)
                {
                    case '"' or '\'' when opensToken:
                        quote = c;
                        break;
                    case '#' when i > 0 && line[i - 1] is ' ' or '\t':
                        end = i;
                        i = line.Length;
                        break;
                    case '[' or '{':
                        flow++;
                        if (flow + indents.Count > TopologyLimits.MaxDepth)
                        {
                            return TooDeep(number, i + 1);
                        }

                        break;
                    case ']' or '}':
                        flow = Math.Max(0, flow - 1);
                        break;
                }
            }

            if (quote == '\0' && flow == 0 && EndsWithBlockScalarHeader(line[..end].TrimEnd(" \t")))
            {
                blockScalarIndent = indent;
            }

            return true;
        }

        private static bool EndsWithBlockScalarHeader(ReadOnlySpan<char> line)
        {
            var header = line.TrimEnd("+-0123456789");
            return !header.IsEmpty && header[^1] is '|' or '>'
                && line.Length - header.Length <= 2
                && (header.Length == 1 || header[^2] == ' ');
        }

        private bool TooDeep(int line, int column)
        {
            diagnostics.Error(
                TopologyErrorCodes.TooDeep,
                new TextPosition(file, line, column),
                $"lists and mappings are nested more than {TopologyLimits.MaxDepth} deep.",
                "No topology needs that.");
            return false;
        }
    }
}
