namespace Streaming.Cli.Ingest;

/// <summary>Counts what became of a file's texts, and says what was refused.</summary>
internal sealed class IngestReport(Action<string, string> refuse)
{
    private const int MostSaid = 20;
    private readonly Lock _gate = new();

    /// <summary>Messages that the log has.</summary>
    public long Written { get; set; }

    /// <summary>Lines that could not become a message.</summary>
    public long Refused { get; private set; }

    /// <summary>Empty lines, which are passed over.</summary>
    public long Blank { get; set; }

    /// <summary>Bytes read.</summary>
    public long Bytes { get; set; }

    /// <summary>Counts a refused line and says why, the first few times.</summary>
    public void Refuse(string code, long line, string why)
    {
        // Reading and storing go on side by side.
        lock (_gate)
        {
            Refused++;
            if (Refused <= MostSaid)
                refuse(code, $"line {line}: {why}");
            else if (Refused == MostSaid + 1)
                refuse(code, $"line {line}: {why}; further lines are counted, not named");
        }
    }
}
