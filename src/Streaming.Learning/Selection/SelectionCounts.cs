namespace Streaming.Learning.Selection;

/// <summary>What a selector has decided so far.</summary>
/// <param name="Considered">Documents it saw.</param>
/// <param name="Chosen">Reason → documents chosen; the first reason of each counts.</param>
/// <param name="PassedOver">Why → candidates that were not chosen.</param>
public sealed record SelectionCounts(long Considered, IReadOnlyDictionary<string, long> Chosen, IReadOnlyDictionary<string, long> PassedOver)
{
    /// <summary>Nearly the same text was chosen before.</summary>
    public const string NearDuplicate = "near_duplicate";

    /// <summary>The hour's budget is spent.</summary>
    public const string HourBudget = "hour_budget";

    /// <summary>The day's budget is spent.</summary>
    public const string DayBudget = "day_budget";

    /// <summary>The source's budget of this hour is spent.</summary>
    public const string SourceBudget = "source_budget";

    /// <summary>The hour's part for random documents is spent.</summary>
    public const string ControlBudget = "control_budget";

    /// <summary>The text is longer than labellers are asked to read.</summary>
    public const string TooLong = "too_long";
}
