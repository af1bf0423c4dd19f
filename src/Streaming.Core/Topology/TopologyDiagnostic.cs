namespace Streaming.Core.Topology;

/// <summary>One thing wrong with a topology file.</summary>
/// <param name="Severity">Error or warning.</param>
/// <param name="Code">Stable code, one of <see cref="TopologyErrorCodes"/>.</param>
/// <param name="Position">Where.</param>
/// <param name="Message">What is wrong. Never shows the value of a secret.</param>
/// <param name="Hint">What to write instead; null when the message says it.</param>
public sealed record TopologyDiagnostic(
    DiagnosticSeverity Severity,
    string Code,
    TextPosition Position,
    string Message,
    string? Hint = null)
{
    /// <summary>One line in the form that editors and terminals make clickable: <c>file:line:column: error code: message hint</c>.</summary>
    public override string ToString()
    {
        var severity = Severity == DiagnosticSeverity.Error ? "error" : "warning";
        return Hint is null ? $"{Position}: {severity} {Code}: {Message}" : $"{Position}: {severity} {Code}: {Message} {Hint}";
    }
}
