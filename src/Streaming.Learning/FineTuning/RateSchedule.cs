namespace Streaming.Learning.FineTuning;

/// <summary>Rises linearly from nothing in the warm-up, then falls linearly to nothing.</summary>
/// <param name="Steps">All steps.</param>
/// <param name="Warmup">Share of them in which it rises.</param>
internal readonly record struct RateSchedule(int Steps, double Warmup)
{
    /// <summary>Factor of the highest rate at a step, from 0.</summary>
    public double At(int step)
    {
        var rising = Warmup * Steps;
        return step < rising ? (step + 1) / Math.Max(1, rising + 1) : Math.Max(0, (Steps - step) / Math.Max(1, Steps - rising));
    }
}
