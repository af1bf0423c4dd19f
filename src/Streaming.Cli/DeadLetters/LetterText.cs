using System.Globalization;
using System.Text;
using System.Text.Json;
using Streaming.Cli.CommandLine;
using Streaming.Contracts;

namespace Streaming.Cli.DeadLetters;

/// <summary>Shows dead letters: a line each, or one in full. Bytes from outside are escaped, never sent to a terminal as they are.</summary>
internal static class LetterText
{
    private const int MostShown = 64 * 1024;

    /// <summary>One line.</summary>
    public static string Line(ShownLetter row) => Line(row.Letter, row);

    private static string Line(DeadLetter letter, ShownLetter row) => string.Create(
        CultureInfo.InvariantCulture,
        $"{row.Id,6}  {letter.FailedAt.UtcDateTime:yyyy-MM-dd HH:mm:ss}  {letter.Topology}  {letter.Code}  {letter.Topic}-{letter.Partition}-{letter.Offset}  {letter.Value?.Length ?? 0:#,0} bytes  tried {letter.Attempts}×{(row.IsRedriven ? "  redriven" : "")}  ")
        + TerminalText.Line(letter.Reason);

    /// <summary>Everything.</summary>
    public static void Write(TextWriter output, ShownLetter row)
    {
        var letter = row.Letter;
        output.WriteLine($"id        {row.Id}");
        output.WriteLine($"topology  {TerminalText.Line(letter.Topology)}");
        output.WriteLine($"place     {letter.Topic}-{letter.Partition}-{letter.Offset}");
        output.WriteLine($"stage     {TerminalText.Line(letter.Stage)}");
        output.WriteLine($"code      {TerminalText.Line(letter.Code)}");
        output.WriteLine($"reason    {TerminalText.Line(letter.Reason)}");
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"attempts  {letter.Attempts}"));
        output.WriteLine($"received  {letter.Timestamp.UtcDateTime.ToString("O", CultureInfo.InvariantCulture)}");
        output.WriteLine($"given up  {letter.FailedAt.UtcDateTime.ToString("O", CultureInfo.InvariantCulture)}");
        if (row.IsRedriven)
            output.WriteLine(row.RedrivenTo is { } offset ? string.Create(CultureInfo.InvariantCulture, $"redriven  as {letter.Topic}-{letter.Partition}-{offset}") : $"redriven  to {letter.Topic}");
        foreach (var header in letter.Headers)
            output.WriteLine($"header    {TerminalText.Line(header.Name)}: {Bytes(header.Value)}");
        output.WriteLine($"key       {Bytes(letter.Key)}");
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"value     {letter.Value?.Length ?? 0:#,0} bytes"));
        output.WriteLine();
        output.WriteLine(letter.Value is null ? "(null: a delete)" : Bytes(letter.Value));
    }

    /// <summary>The letter's fields: <c>id</c> and whether it is <c>redriven</c>, then those of <c>schemas/dead-letter.v1.json</c>, bytes in base64, and the value as text where it is one.</summary>
    public static void WriteJson(Utf8JsonWriter json, ShownLetter row, bool whole)
    {
        var letter = row.Letter;
        if (long.TryParse(row.Id, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            json.WriteNumber("id", number);
        else
            json.WriteString("id", row.Id);
        json.WriteString("topic", letter.Topic);
        json.WriteNumber("partition", letter.Partition);
        json.WriteNumber("offset", letter.Offset);
        json.WriteString("topology", letter.Topology);
        json.WriteString("stage", letter.Stage);
        json.WriteString("code", letter.Code);
        json.WriteString("reason", letter.Reason);
        json.WriteNumber("attempts", letter.Attempts);
        json.WriteString("timestamp", letter.Timestamp);
        json.WriteString("failed_at", letter.FailedAt);
        if (letter.Value is not null)
            json.WriteNumber("bytes", letter.Value.Length);
        json.WriteBoolean("redriven", row.IsRedriven);
        if (row.RedrivenTo is { } offset)
            json.WriteNumber("redriven_to", offset);
        if (!whole)
            return;
        if (letter.Key is not null)
            json.WriteBase64String("key", letter.Key);
        if (letter.Value is not null)
        {
            json.WriteBase64String("value", letter.Value);
            if (System.Text.Unicode.Utf8.IsValid(letter.Value))
                json.WriteString("value_text", letter.Value);
        }

        json.WriteStartArray("headers");
        foreach (var header in letter.Headers)
        {
            json.WriteStartObject();
            json.WriteString("name", header.Name);
            if (header.Value is not null)
                json.WriteBase64String("value", header.Value);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static string Bytes(byte[]? bytes)
    {
        if (bytes is null)
            return "–";
        var shown = new StringBuilder(TerminalText.Bytes(bytes.AsSpan(0, Math.Min(bytes.Length, MostShown))));
        if (bytes.Length > MostShown)
            shown.Append(CultureInfo.InvariantCulture, $"\n… {bytes.Length - MostShown:#,0} bytes more; --raw writes all of them");
        return shown.ToString();
    }
}
