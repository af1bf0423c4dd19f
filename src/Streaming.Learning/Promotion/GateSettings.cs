namespace Streaming.Learning.Promotion;

/// <summary>What a new model must prove before it is taken.</summary>
public sealed record GateSettings
{
    /// <summary>The difference on the frozen test set must be a gain with a two-sided p below this, above 0 to 1; 1 takes any gain.</summary>
    public double Significance { get; init; } = 0.05;

    /// <summary>By how much the F1 of any class may fall, 0–1.</summary>
    public double MaxClassDrop { get; init; } = 0.02;

    /// <summary>Classes with fewer gold items in the test set are not judged one by one.</summary>
    public int MinClassSupport { get; init; } = 20;

    /// <summary>By how much the expected calibration error may rise above the old one (or above 0.05 where that was better), 0–1.</summary>
    public double MaxCalibrationRise { get; init; } = 0.05;

    /// <summary>With fewer labelled texts in the control slice it is not judged.</summary>
    public int MinControl { get; init; } = 30;

    /// <summary>Largest share of recent texts whose annotations may change, 0–1.</summary>
    public double MaxReplayChange { get; init; } = 0.6;

    /// <summary>Largest time of the new head on recent texts, with its encoder where that is another, as a multiple of the old one's.</summary>
    public double MaxLatencyRatio { get; init; } = 1.5;

    /// <summary>Seed of the randomisations.</summary>
    public ulong Seed { get; init; } = 1;
}
