namespace Streaming.Learning.Recipes;

/// <summary>How tasks take turns: the share of steps that each gets.</summary>
public enum TaskSampling
{
    /// <summary>By the number of its batches.</summary>
    Proportional,

    /// <summary>The same for each.</summary>
    Uniform,

    /// <summary>By the square root of the number of its batches.</summary>
    SquareRoot,

    /// <summary>From proportional at the start to nearly uniform at the end (Stickland, Murray, ICML 2019).</summary>
    Annealed,
}
