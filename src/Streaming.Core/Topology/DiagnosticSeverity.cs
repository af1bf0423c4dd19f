namespace Streaming.Core.Topology;

/// <summary>How bad a finding is.</summary>
public enum DiagnosticSeverity
{
    /// <summary>The topology cannot run.</summary>
    Error,

    /// <summary>It can run, but hardly as meant.</summary>
    Warning,
}
