namespace Streaming.Testing.Faults;

/// <summary>
/// What a test of the fault table saw, for the one line of its row. Begin it first, say <see cref="Seen"/> last, behind the assertions:
/// a report that ends without it counts as failed.
/// </summary>
public sealed class FaultReport : IDisposable
{
    private const string Variable = "STREAMING_FAULT_REPORT";
    private static readonly Lock Gate = new();
    private readonly int _row;
    private string? _seen;

    private FaultReport(int row) => _row = row;

    /// <summary>Begins the report of one test in a row.</summary>
    public static FaultReport Begin(int row) => new(row);

    /// <summary>
    /// A bound of the table on time: judged where the table is made, which wants a machine of its own. Elsewhere a slow machine fails
    /// nothing: what must happen is waited for.
    /// </summary>
    public static bool IsWithin(TimeSpan took, TimeSpan bound) => took <= bound || Environment.GetEnvironmentVariable(Variable) is not { Length: > 0 };

    /// <summary>Figures, short, e.g. <c>Kafka: 50 kills in 100,000 messages, 0 lost, 0 duplicate</c>.</summary>
    public void Seen(string what) => _seen = what;

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Environment.GetEnvironmentVariable(Variable) is not { Length: > 0 } folder)
            return;
        var line = $"{FaultCounts.Text(_row)}\t{(_seen is null ? "FAILED" : "ok")}\t{_seen?.ReplaceLineEndings(" ").Replace('\t', ' ') ?? ""}\n";
        lock (Gate)
            File.AppendAllText(Path.Combine(folder, $"{FaultCounts.Text(Environment.ProcessId)}.tsv"), line);
    }
}
