using System.Globalization;
using System.Text;

namespace Streaming.Cli.CommandLine;

/// <summary>Makes texts from outside safe to show: nothing in them can steer a terminal or turn the line round.</summary>
internal static class TerminalText
{
    /// <summary>Appends a text on one line: line ends and tabs as spaces, other control and direction characters as <c>\u001b</c> escapes.</summary>
    public static void AppendLine(StringBuilder output, ReadOnlySpan<char> text)
    {
        foreach (var unit in text)
        {
            if (unit is '\n' or '\r' or '\t')
                output.Append(' ');
            else if (IsUnsafe(unit))
                output.Append(CultureInfo.InvariantCulture, $"\\u{(int)unit:x4}");
            else
                output.Append(unit);
        }
    }

    /// <summary>A text on one line.</summary>
    public static string Line(string text)
    {
        if (!text.AsSpan().ContainsAny("\n\r\t") && !text.Any(IsUnsafe))
            return text;
        var output = new StringBuilder(text.Length + 16);
        AppendLine(output, text);
        return output.ToString();
    }

    /// <summary>Bytes as text: UTF-8 as it is, everything else escaped (<c>\xff</c>, <c>\u001b</c>), line ends kept.</summary>
    public static string Bytes(ReadOnlySpan<byte> bytes)
    {
        var output = new StringBuilder(bytes.Length);
        while (!bytes.IsEmpty)
        {
            if (Rune.DecodeFromUtf8(bytes, out var rune, out var used) == System.Buffers.OperationStatus.Done)
            {
                if (rune.Value is '\n' or '\t' || rune.Value > char.MaxValue || !IsUnsafe((char)rune.Value))
                    output.Append(rune);
                else
                    output.Append(CultureInfo.InvariantCulture, $"\\u{rune.Value:x4}");
            }
            else
            {
                foreach (var one in bytes[..used])
                    output.Append(CultureInfo.InvariantCulture, $"\\x{one:x2}");
            }

            bytes = bytes[used..];
        }

        return output.ToString();
    }

    // Controls, and the characters that reorder what follows them or break lines.
    private static bool IsUnsafe(char unit) =>
        char.IsControl(unit) || unit is '\u2028' or '\u2029' or (>= '\u202A' and <= '\u202E') or (>= '\u2066' and <= '\u2069') or '\u200E' or '\u200F' or '\u061C';
}
