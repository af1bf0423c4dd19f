using System.Text.Json.Serialization;
using Streaming.Contracts;

namespace Streaming.Learning.Promotion;

/// <summary>What one process, or all of them together, have counted in a stage of a rollout.</summary>
public sealed record RolloutCounts
{
    /// <summary>The model in force: in the shadow on what both computed, in the canary on its share of the documents.</summary>
    public SideCounts InForce { get; init; } = new();

    /// <summary>The candidate, likewise.</summary>
    public SideCounts Candidate { get; init; } = new();

    /// <summary>Texts that both computed.</summary>
    public long Compared { get; set; }

    /// <summary>Task → sum of agreements (1 − disagreement) over the compared texts.</summary>
    public SortedDictionary<LabelTask, double> Agreement { get; init; } = [];

    /// <summary>Code → texts that the candidate failed on.</summary>
    public SortedDictionary<string, long> Failures { get; init; } = new(StringComparer.Ordinal);

    /// <summary>Batches that both ran in one pass of the same windows.</summary>
    public long TimedBatches { get; set; }

    /// <summary>Those on which the candidate took longer than the plan allows.</summary>
    public long SlowBatches { get; set; }

    /// <summary>Seconds of the model in force on the timed batches.</summary>
    public double InForceSeconds { get; set; }

    /// <summary>Seconds of the candidate on them.</summary>
    public double CandidateSeconds { get; set; }

    /// <summary>Texts that the candidate failed on.</summary>
    [JsonIgnore]
    public long Failed => Failures.Values.Sum();

    /// <summary>Share of the texts given to the candidate that it failed on, 0–1.</summary>
    [JsonIgnore]
    public double FailureRate => Failed == 0 ? 0 : (double)Failed / (Failed + Candidate.Documents);

    /// <summary>Time of the candidate on the timed batches as a multiple of the other; 1 while there is none.</summary>
    [JsonIgnore]
    public double LatencyRatio => InForceSeconds > 0 ? CandidateSeconds / InForceSeconds : 1;

    /// <summary>Mean agreement on a task, 0–1; 1 while nothing was compared.</summary>
    public double MeanAgreement(LabelTask task) => Compared == 0 ? 1 : Agreement.GetValueOrDefault(task) / Compared;

    /// <summary>Adds another process's.</summary>
    public void Add(RolloutCounts other)
    {
        ArgumentNullException.ThrowIfNull(other);
        InForce.Add(other.InForce);
        Candidate.Add(other.Candidate);
        Compared += other.Compared;
        foreach (var (task, sum) in other.Agreement)
            Agreement[task] = Agreement.GetValueOrDefault(task) + sum;
        foreach (var (code, count) in other.Failures)
            Failures[code] = Failures.GetValueOrDefault(code) + count;
        TimedBatches += other.TimedBatches;
        SlowBatches += other.SlowBatches;
        InForceSeconds += other.InForceSeconds;
        CandidateSeconds += other.CandidateSeconds;
    }
}

/// <summary>What one of two models found.</summary>
public sealed record SideCounts
{
    /// <summary>Documents.</summary>
    public long Documents { get; set; }

    /// <summary>Task → what was found.</summary>
    public SortedDictionary<LabelTask, TaskCounts> Tasks { get; init; } = [];

    /// <summary>Adds another's.</summary>
    public void Add(SideCounts other)
    {
        ArgumentNullException.ThrowIfNull(other);
        Documents += other.Documents;
        foreach (var (task, counts) in other.Tasks)
            Of(task).Add(counts);
    }

    /// <summary>Those of a task.</summary>
    public TaskCounts Of(LabelTask task)
    {
        if (!Tasks.TryGetValue(task, out var counts))
            Tasks[task] = counts = new TaskCounts();
        return counts;
    }
}

/// <summary>What was found of one task.</summary>
public sealed record TaskCounts
{
    /// <summary>Label of a document in which nothing was found.</summary>
    public const string Nothing = "(none)";

    /// <summary>Findings with a confidence.</summary>
    public long Findings { get; set; }

    /// <summary>Sum of their confidences.</summary>
    public double Confidence { get; set; }

    /// <summary>Label → findings.</summary>
    public SortedDictionary<string, long> Labels { get; init; } = new(StringComparer.Ordinal);

    /// <summary>Mean confidence, 0–1; null while there is no finding.</summary>
    [JsonIgnore]
    public double? MeanConfidence => Findings == 0 ? null : Confidence / Findings;

    /// <summary>One finding.</summary>
    public void Add(string label, double confidence)
    {
        Findings++;
        Confidence += confidence;
        Labels[label] = Labels.GetValueOrDefault(label) + 1;
    }

    /// <summary>A document without a finding.</summary>
    public void AddNothing() => Labels[Nothing] = Labels.GetValueOrDefault(Nothing) + 1;

    /// <summary>Adds another's.</summary>
    public void Add(TaskCounts other)
    {
        ArgumentNullException.ThrowIfNull(other);
        Findings += other.Findings;
        Confidence += other.Confidence;
        foreach (var (label, count) in other.Labels)
            Labels[label] = Labels.GetValueOrDefault(label) + count;
    }
}

/// <summary>How counts lie on disk.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, PreferredObjectCreationHandling = JsonObjectCreationHandling.Populate, NewLine = "\n")]
[JsonSerializable(typeof(RolloutCounts))]
internal sealed partial class RolloutJson : JsonSerializerContext;
