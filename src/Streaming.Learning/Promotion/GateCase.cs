using Streaming.Learning.Retraining;
using Streaming.Learning.Training;

namespace Streaming.Learning.Promotion;

/// <summary>One head to judge: as it is in force, as it would be, and on what.</summary>
public sealed record GateCase
{
    /// <summary>Measures the head.</summary>
    public required HeadLearner Learner { get; init; }

    /// <summary>In force.</summary>
    public required TrainedHead Before { get; init; }

    /// <summary>Candidate, calibrated.</summary>
    public required TrainedHead After { get; init; }

    /// <summary>The frozen test set; never trained on.</summary>
    public required IReadOnlyList<LearningSample> Test { get; init; }

    /// <summary>Labelled texts of the control slice; never trained on.</summary>
    public IReadOnlyList<LearningSample> Control { get; init; } = [];

    /// <summary>Recent texts.</summary>
    public IReadOnlyList<string> Replay { get; init; } = [];
}
