namespace Streaming.Cli.Benchmarks;

/// <summary>With what the pipeline runs.</summary>
internal enum PipelineVariant
{
    /// <summary>The model, all heads asked for.</summary>
    All,

    /// <summary>Its first head alone.</summary>
    FirstHead,

    /// <summary>The model, and beside it in the shadow one of the same cost.</summary>
    Shadowed,
}
