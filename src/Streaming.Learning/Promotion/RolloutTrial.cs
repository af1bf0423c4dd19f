using System.Diagnostics.Metrics;
using Streaming.Contracts;
using Streaming.Core.Models;
using Streaming.Core.Models.Registry;
using Streaming.Core.Telemetry;
using Streaming.Learning.Retraining;
using Streaming.Learning.Selection;
using Annotations = Streaming.Core.Models.Annotations;

namespace Streaming.Learning.Promotion;

/// <summary>
/// One stage of a rollout in this process: says which documents and batches the candidate gets, and counts how it does. Where both
/// compute a text, how far they disagree goes into its uncertainty, for choosing what to label.
/// </summary>
public sealed class RolloutTrial : IModelTrial
{
    private static readonly Meter Meter = new(PipelineTelemetry.MeterName);
    private static readonly Counter<long> Documents = Meter.CreateCounter<long>("streaming.rollout.documents", "{document}", "Documents during a rollout, by the model that enriched them");
    private static readonly Counter<long> Failures = Meter.CreateCounter<long>("streaming.rollout.failures", "{document}", "Texts that a candidate failed on, by error code");
    private static readonly Histogram<double> Agreements = Meter.CreateHistogram("streaming.rollout.agreement", "1", "Agreement of candidate and model in force on a text, by task", advice: Shares());
    private static readonly Histogram<double> Confidences = Meter.CreateHistogram("streaming.rollout.confidence", "1", "Confidence of a finding during a rollout, by task and model", advice: Shares());
    private static readonly Histogram<double> Durations = Meter.CreateHistogram(
        "streaming.rollout.infer.duration", "s", "Passes over a shadowed batch, by model", advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10] });

    private readonly IReadOnlyList<LabelTask> _tasks;
    private readonly TimeProvider _time;
    private readonly KeyValuePair<string, object?>[] _tags;
    private readonly ulong _salt;
    private readonly Lock _lock = new();
    private readonly RolloutCounts _counts = new();
    private double _turn;
    private double _allowance;
    private long _allowedAt;
    private TimeSpan _inForce;
    private TimeSpan _shadow;

    /// <param name="topology">Name of the topology; goes into the metrics.</param>
    /// <param name="stage">The stage.</param>
    /// <param name="tasks">Tasks of the topology's chain.</param>
    /// <param name="time">Clock of the rate limit.</param>
    public RolloutTrial(string topology, ModelRollout stage, IReadOnlyList<LabelTask> tasks, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(stage);
        ArgumentNullException.ThrowIfNull(time);
        (Stage, _tasks, _time) = (stage, tasks, time);
        _tags = [new("streaming.topology", topology), new("streaming.model.version", stage.Version), new("streaming.rollout.stage", stage.Stage.ToName())];
        _salt = Hash(0, stage.Digest);
        _allowance = stage.Plan.ShadowRate;
        _allowedAt = time.GetTimestamp();
    }

    /// <summary>The stage.</summary>
    public ModelRollout Stage { get; }

    /// <summary>What this process has counted so far.</summary>
    public RolloutCounts Counts()
    {
        var copy = new RolloutCounts();
        lock (_lock)
            copy.Add(_counts);
        return copy;
    }

    /// <inheritdoc/>
    public bool Serves(string documentId)
    {
        ArgumentNullException.ThrowIfNull(documentId);
        return Stage.Stage == RolloutStage.Canary && (Hash(_salt, documentId) >> 11) * (1.0 / (1UL << 53)) < Stage.Plan.CanaryShare;
    }

    /// <inheritdoc/>
    public bool Shadows(int documents, TimeSpan inForce)
    {
        var plan = Stage.Plan;
        lock (_lock)
        {
            _inForce += inForce;
            _turn = Math.Min(_turn + plan.ShadowShare, 1 + plan.ShadowShare);
            var now = _time.GetTimestamp();
            _allowance = Math.Min(plan.ShadowRate, _allowance + (_time.GetElapsedTime(_allowedAt, now).TotalSeconds * plan.ShadowRate));
            _allowedAt = now;
            // A batch larger than a second's allowance waits until that is full, and takes it all.
            if (_turn < 1 || _allowance < Math.Min(documents, plan.ShadowRate) || _shadow > plan.MaxOverhead * _inForce)
                return false;
            _turn -= 1;
            _allowance = Math.Max(0, _allowance - documents);
            return true;
        }
    }

    /// <inheritdoc/>
    public Annotations Compared(Annotations inForce, Annotations candidate)
    {
        ArgumentNullException.ThrowIfNull(inForce);
        ArgumentNullException.ThrowIfNull(candidate);
        var disagreement = Disagreement.Of(_tasks, inForce, candidate);
        lock (_lock)
        {
            _counts.Compared++;
            foreach (var (task, value) in disagreement)
                _counts.Agreement[task] = _counts.Agreement.GetValueOrDefault(task) + 1 - value;
            if (Stage.Stage == RolloutStage.Shadow)
            {
                Count(_counts.InForce, inForce);
                Count(_counts.Candidate, candidate);
            }
        }

        foreach (var (task, value) in disagreement)
            Agreements.Record(1 - value, [.. _tags, new("streaming.task", task.ToName())]);
        if (Stage.Stage == RolloutStage.Shadow)
        {
            Record(inForce, "in_force");
            Record(candidate, "candidate");
        }

        return Disagreement.Note(inForce, disagreement);
    }

    /// <inheritdoc/>
    public void Timed(TimeSpan inForce, TimeSpan candidate, bool comparable)
    {
        lock (_lock)
        {
            _shadow += candidate;
            if (!comparable)
                return;
            _counts.TimedBatches++;
            _counts.InForceSeconds += inForce.TotalSeconds;
            _counts.CandidateSeconds += candidate.TotalSeconds;
            if (candidate > inForce * Stage.Plan.MaxLatencyRatio)
                _counts.SlowBatches++;
        }

        Durations.Record(inForce.TotalSeconds, [.. _tags, new("streaming.rollout.model", "in_force")]);
        Durations.Record(candidate.TotalSeconds, [.. _tags, new("streaming.rollout.model", "candidate")]);
    }

    /// <inheritdoc/>
    public void Served(Annotations annotations, bool byCandidate)
    {
        var model = byCandidate ? "candidate" : "in_force";
        Documents.Add(1, [.. _tags, new("streaming.rollout.model", model)]);
        if (Stage.Stage != RolloutStage.Canary)
            return;
        lock (_lock)
            Count(byCandidate ? _counts.Candidate : _counts.InForce, annotations);
        Record(annotations, model);
    }

    /// <inheritdoc/>
    public void Failed(string code)
    {
        lock (_lock)
            _counts.Failures[code] = _counts.Failures.GetValueOrDefault(code) + 1;
        Failures.Add(1, [.. _tags, new("error.type", code)]);
    }

    private void Count(SideCounts side, Annotations found)
    {
        side.Documents++;
        foreach (var task in _tasks)
        {
            var counts = side.Of(task);
            var any = false;
            foreach (var (label, confidence) in Findings(task, found))
            {
                counts.Add(label, confidence);
                any = true;
            }

            if (!any)
                counts.AddNothing();
        }
    }

    private void Record(Annotations found, string model)
    {
        foreach (var task in _tasks)
        {
            foreach (var (_, confidence) in Findings(task, found))
                Confidences.Record(confidence, [.. _tags, new("streaming.task", task.ToName()), new("streaming.rollout.model", model)]);
        }
    }

    private static IEnumerable<(string Label, double Confidence)> Findings(LabelTask task, Annotations found) => task switch
    {
        LabelTask.Entities => found.Entities.Select(static entity => (entity.Type, entity.Confidence)),
        LabelTask.Topics => found.Topics.Select(static topic => (topic.Label, topic.Confidence)),
        LabelTask.Aspects => found.Aspects.Select(static aspect => (aspect.Sentiment, aspect.Confidence)),
        _ => found.Sentiment is { } sentiment ? [(sentiment.Label, sentiment.Confidence)] : [],
    };

    /// <summary>The same in every process and after every restart; mixed (MurmurHash3's last steps), because ids that differ in the end only must differ in the high bits.</summary>
    private static ulong Hash(ulong salt, string text)
    {
        var hash = StableHash.Of(text, salt);
        hash = (hash ^ (hash >> 33)) * 0xFF51AFD7ED558CCDUL;
        hash = (hash ^ (hash >> 33)) * 0xC4CEB9FE1A85EC53UL;
        return hash ^ (hash >> 33);
    }

    private static InstrumentAdvice<double> Shares() => new() { HistogramBucketBoundaries = [0, .1, .2, .3, .4, .5, .6, .7, .8, .9, .95, 1] };
}
