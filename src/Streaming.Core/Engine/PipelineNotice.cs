namespace Streaming.Core.Engine;

/// <summary>Something that whoever runs a pipeline wants in the log. Never carries document text.</summary>
/// <param name="Kind">What happened.</param>
/// <param name="Code">Stable code, lower_snake_case.</param>
/// <param name="Message">A sentence.</param>
public sealed record PipelineNotice(PipelineNoticeKind Kind, string Code, string Message);

/// <summary>What happened to a pipeline.</summary>
public enum PipelineNoticeKind
{
    /// <summary>A dependency is away; told once, then retried in silence.</summary>
    DependencyLost,

    /// <summary>It answers again.</summary>
    DependencyBack,

    /// <summary>The engine starts again after a failure.</summary>
    Restarting,
}
