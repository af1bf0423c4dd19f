using Streaming.Contracts;
using Streaming.Core.Models.Registry;
using Streaming.Learning.Promotion;

namespace Streaming.Server.Models;

/// <summary>A candidate that is being tried beside the model in force, and how it does.</summary>
/// <param name="Version">Its version.</param>
/// <param name="Stage"><c>shadow</c> or <c>canary</c>.</param>
/// <param name="Since">When the stage began.</param>
/// <param name="Share">Share of the documents that it enriches, 0–1.</param>
/// <param name="Documents">Documents it has computed in this stage.</param>
/// <param name="Needed">Documents that end the stage.</param>
/// <param name="Failures">Texts it failed on.</param>
/// <param name="LatencyRatio">Its time as a multiple of the other's, on the same batches.</param>
/// <param name="Agreement">Task → mean agreement with the model in force, 0–1.</param>
/// <param name="Confidence">Task → mean confidence of the model in force and of the candidate, 0–1.</param>
public sealed record ModelTrialView(
    string Version,
    string Stage,
    DateTimeOffset Since,
    double Share,
    long Documents,
    long Needed,
    long Failures,
    double LatencyRatio,
    IReadOnlyDictionary<string, double> Agreement,
    IReadOnlyDictionary<string, IReadOnlyList<double>> Confidence)
{
    /// <summary>Made of a stage and what was counted in it.</summary>
    public static ModelTrialView Of(ModelRollout stage, RolloutCounts counts)
    {
        ArgumentNullException.ThrowIfNull(stage);
        ArgumentNullException.ThrowIfNull(counts);
        var isShadow = stage.Stage == RolloutStage.Shadow;
        var confidence = new SortedDictionary<string, IReadOnlyList<double>>(StringComparer.Ordinal);
        foreach (var (task, found) in counts.Candidate.Tasks)
        {
            if (found.MeanConfidence is { } after && counts.InForce.Tasks.GetValueOrDefault(task)?.MeanConfidence is { } before)
                confidence[task.ToName()] = [before, after];
        }

        return new ModelTrialView(
            stage.Version,
            stage.Stage.ToName(),
            stage.Since,
            isShadow ? 0 : stage.Plan.CanaryShare,
            counts.Candidate.Documents,
            isShadow ? stage.Plan.ShadowDocuments : stage.Plan.CanaryDocuments,
            counts.Failed,
            counts.LatencyRatio,
            counts.Agreement.Keys.ToDictionary(static task => task.ToName(), counts.MeanAgreement),
            confidence);
    }
}
