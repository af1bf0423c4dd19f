using System.Text.Json;
using Streaming.Contracts;
using Streaming.Core.Models.Registry;

namespace Streaming.Learning.Promotion;

/// <summary>
/// This process's part in the rollouts of a channel: keeps what it counts in the registry, beside what the other processes of the group
/// and those before a restart have counted, and decides a stage by all of it. Whoever sees first that a stage is over decides it, once.
/// </summary>
/// <param name="registry">The registry.</param>
/// <param name="name">Bundle name.</param>
/// <param name="channel">The channel's own name.</param>
/// <param name="topology">Name of the topology.</param>
/// <param name="tasks">Tasks of its chain.</param>
/// <param name="time">Clock.</param>
public sealed class RolloutControl(ModelRegistry registry, string name, string channel, string topology, IReadOnlyList<LabelTask> tasks, TimeProvider time)
{
    private readonly string _process = Guid.NewGuid().ToString("n");
    private RolloutTrial? _trial;
    private byte[] _written = [];

    /// <summary>The trial of a stage: one and the same as long as the stage lasts.</summary>
    public RolloutTrial Enter(ModelRollout stage)
    {
        ArgumentNullException.ThrowIfNull(stage);
        if (_trial?.Stage.Sequence == stage.Sequence)
            return _trial;
        _written = [];
        return _trial = new RolloutTrial(topology, stage, tasks, time);
    }

    /// <summary>Writes down what was counted, and decides the stage if it can be decided.</summary>
    /// <returns>Whether a decision was made.</returns>
    public async ValueTask<bool> StepAsync(CancellationToken cancellationToken)
    {
        if (_trial is not { } trial)
            return false;
        var stage = trial.Stage;
        var counted = JsonSerializer.SerializeToUtf8Bytes(trial.Counts(), RolloutJson.Default.RolloutCounts);
        if (!counted.AsSpan().SequenceEqual(_written))
            AtomicFile.Write(Path.Combine(registry.EvidenceFolder(name, channel, stage), _process + ".json"), counted);
        _written = counted;
        var verdict = RolloutGuards.Judge(stage, Read(registry.EvidenceFolder(name, channel, stage)), time.GetUtcNow());
        if (verdict.Step == RolloutStep.Wait)
            return false;
        var decision = new ModelDecision(ModelDecision.Rollout, verdict.Reasons) { Metrics = verdict.Metrics };
        var now = verdict.Step == RolloutStep.Pass
            ? await registry.AdvanceAsync(name, channel, stage, decision, cancellationToken).ConfigureAwait(false)
            : await registry.WithdrawAsync(name, channel, stage, decision, cancellationToken).ConfigureAwait(false);
        return now.Rollout?.Sequence != stage.Sequence;
    }

    /// <summary>The candidate cannot be used here at all.</summary>
    public async ValueTask RejectAsync(ModelRollout stage, string reason, CancellationToken cancellationToken) =>
        await registry.WithdrawAsync(name, channel, stage, new ModelDecision(ModelDecision.Rollout, [reason]), cancellationToken).ConfigureAwait(false);

    /// <summary>What all processes have counted of a stage.</summary>
    public static RolloutCounts Evidence(ModelRegistry registry, string name, string channel, ModelRollout stage)
    {
        ArgumentNullException.ThrowIfNull(registry);
        return Read(registry.EvidenceFolder(name, channel, stage));
    }

    private static RolloutCounts Read(string folder)
    {
        var all = new RolloutCounts();
        if (!Directory.Exists(folder))
            return all;
        foreach (var file in Directory.EnumerateFiles(folder, "*.json"))
            all.Add(JsonSerializer.Deserialize(File.ReadAllBytes(file), RolloutJson.Default.RolloutCounts)!);
        return all;
    }
}
