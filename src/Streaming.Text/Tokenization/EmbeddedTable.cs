namespace Streaming.Text.Tokenization;

/// <summary>Reads an embedded table: sections in brackets, a row a line; blank lines and lines that start with # are passed over.</summary>
internal static class EmbeddedTable
{
    /// <summary>Reads a table.</summary>
    /// <param name="name">Name of the resource.</param>
    /// <param name="row">Gets each row with its section, brackets included.</param>
    public static void Read(string name, Action<string, string> row)
    {
        using var stream = typeof(EmbeddedTable).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"{name} is not embedded: this is a bug.");
        using var reader = new StreamReader(stream);
        var section = "";
        while (reader.ReadLine() is { } line)
        {
            if (line.Length == 0 || line[0] == '#')
                continue;
            if (line[0] == '[')
                section = line;
            else
                row(section, line);
        }
    }
}
