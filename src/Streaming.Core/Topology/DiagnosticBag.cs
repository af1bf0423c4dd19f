namespace Streaming.Core.Topology;

/// <summary>Collects findings, up to a bound.</summary>
internal sealed class DiagnosticBag
{
    private readonly List<TopologyDiagnostic> items = [];

    public bool HasErrors { get; private set; }

    public bool IsFull => items.Count >= TopologyLimits.MaxDiagnostics;

    public void Error(string code, TextPosition position, string message, string? hint = null) =>
        Add(new TopologyDiagnostic(DiagnosticSeverity.Error, code, position, message, hint));

    public void Warning(string code, TextPosition position, string message, string? hint = null) =>
        Add(new TopologyDiagnostic(DiagnosticSeverity.Warning, code, position, message, hint));

    /// <summary>In order of file and place, the main file first, then others as they were met.</summary>
    public IReadOnlyList<TopologyDiagnostic> ToList()
    {
        var files = items.Select(d => d.Position.File).Distinct().ToList();
        return items
            .Select((diagnostic, index) => (diagnostic, index))
            .OrderBy(x => files.IndexOf(x.diagnostic.Position.File))
            .ThenBy(x => x.diagnostic.Position.Line)
            .ThenBy(x => x.diagnostic.Position.Column)
            .ThenBy(x => x.index)
            .Select(x => x.diagnostic)
            .ToList();
    }

    private void Add(TopologyDiagnostic diagnostic)
    {
        HasErrors |= diagnostic.Severity == DiagnosticSeverity.Error;
        if (items.Count < TopologyLimits.MaxDiagnostics - 1)
        {
            items.Add(diagnostic);
        }
        else if (!IsFull)
        {
            items.Add(new TopologyDiagnostic(
                DiagnosticSeverity.Error,
                TopologyErrorCodes.TooComplex,
                diagnostic.Position,
                "there is more wrong than is listed here.",
                "Mend these first."));
            HasErrors = true;
        }
    }
}
