namespace Streaming.Learning.Retraining;

/// <summary>When a retraining begins by itself: enough new labels of a task, the schedule, or a shift, while there is any new label.</summary>
public static class RetrainTriggers
{
    /// <summary>Enough new labels.</summary>
    public const string Count = "count";

    /// <summary>The schedule.</summary>
    public const string Schedule = "schedule";

    /// <summary>What the model says has shifted.</summary>
    public const string Drift = "drift";

    /// <summary>A person asked.</summary>
    public const string Manual = "manual";

    /// <summary>Which trigger fires now; null: none.</summary>
    /// <param name="mostWaiting">Most new labels that any one task has.</param>
    /// <param name="minLabels">How many it takes.</param>
    /// <param name="schedule">The schedule, if there is one.</param>
    /// <param name="since">When the schedule was last heeded, or watching began.</param>
    /// <param name="drift">What the drift monitor measures, if there is one.</param>
    /// <param name="now">Now.</param>
    public static string? Due(long mostWaiting, int minLabels, CronSchedule? schedule, DateTimeOffset since, DriftReport? drift, DateTimeOffset now)
    {
        if (mostWaiting >= minLabels)
            return Count;
        if (mostWaiting == 0)
            return null;
        if (schedule?.Next(since) is { } due && due <= now)
            return Schedule;
        return drift is { IsShift: true } ? Drift : null;
    }
}
