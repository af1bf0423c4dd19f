namespace Streaming.Cli.CommandLine;

/// <summary>Columns for people: each as wide as its widest cell, numbers to the right.</summary>
internal static class TextTable
{
    /// <summary>Writes rows; the first one is the heading.</summary>
    public static void Write(TextWriter output, IReadOnlyList<IReadOnlyList<string>> rows)
    {
        var widths = new int[rows.Max(static row => row.Count)];
        foreach (var row in rows)
        {
            for (var column = 0; column < row.Count; column++)
                widths[column] = Math.Max(widths[column], row[column].Length);
        }

        foreach (var row in rows)
        {
            var line = string.Join("  ", row.Select((cell, column) => IsNumber(rows, column) ? cell.PadLeft(widths[column]) : cell.PadRight(widths[column])));
            output.WriteLine(line.TrimEnd());
        }
    }

    private static bool IsNumber(IReadOnlyList<IReadOnlyList<string>> rows, int column) =>
        rows.Count > 1 && rows.Skip(1).All(row => column >= row.Count || row[column].Length == 0 || char.IsAsciiDigit(row[column][^1]) && !char.IsAsciiLetter(row[column][0]));
}
