using Streaming.Cli.CommandLine;
using Streaming.Contracts;
using Streaming.Core;
using Streaming.Core.Models;
using Streaming.Core.Models.Bundle;
using Streaming.Core.Models.Crashes;
using Streaming.Core.Models.Registry;
using Streaming.Core.Telemetry;
using Streaming.Core.Topology;
using Streaming.Learning.Promotion;
using Streaming.Learning.Selection;

namespace Streaming.Cli.Composition;

/// <summary>
/// The candidate's place in this process: what the channel tries beside the model in force; else the second bundle that the topology
/// names, whose disagreement says what to label.
/// </summary>
/// <param name="context">The world.</param>
/// <param name="topology">The topology.</param>
/// <param name="slot">Where both models are.</param>
/// <param name="registry">The registry that is followed; null: none is.</param>
/// <param name="name">Bundle name.</param>
internal sealed class ServingCandidate(CliContext context, TopologyDefinition topology, ModelSlot slot, ModelRegistry? registry, string name, CrashMarks? marks)
{
    private readonly RolloutControl? _control = registry is null ? null : new RolloutControl(registry, name, topology.Model.Channel!, topology.Name, Tasks(topology), context.Time);
    private ModelBundle? _second;
    private long _stage = None;

    private const long None = -1;
    private const long Second = 0;

    /// <summary>The bundle that is being tried here; null: none.</summary>
    public ModelBundle? Bundle { get; private set; }

    /// <summary>Whether a candidate of the channel is being tried here.</summary>
    public bool IsOnTrial => _stage > Second;

    /// <summary>Names the bundle that is there when nothing is being tried.</summary>
    /// <exception cref="StreamingException">It does not have the heads of the chain.</exception>
    public void UseSecond(ModelBundle bundle)
    {
        ModelAccess.Tasks(bundle, topology);
        _second = bundle;
    }

    /// <summary>Tries what the channel says, as it says.</summary>
    public async ValueTask FollowAsync(ModelRollout? rollout, CancellationToken cancellationToken)
    {
        if (rollout is null)
        {
            if (IsOnTrial)
                await LeaveAsync(cancellationToken);
            if (_stage == None && _second is { } second)
                await EnterSecondAsync(second, cancellationToken);
            return;
        }

        if (_stage == rollout.Sequence)
            return;
        try
        {
            var trial = _control!.Enter(rollout);
            if (Bundle?.Digest == rollout.Digest && IsOnTrial)
            {
                await slot.ReviseAsync(trial, cancellationToken);
                _stage = rollout.Sequence;
            }
            else
            {
                var bundle = registry!.Open(rollout.Digest);
                ModelAccess.Tasks(bundle, topology);
                await EnterAsync(bundle, trial, rollout.Sequence, cancellationToken);
            }

            context.Tell(new Notice(NoticeLevel.Information, "model_on_trial", $"{name} {rollout.Version} is being tried: {rollout.Stage.ToName()}"));
        }
        catch (StreamingException error)
        {
            await _control!.RejectAsync(rollout, $"It cannot be used with the topology {topology.Name}: {error.Code}: {error.Message}", cancellationToken);
        }
    }

    /// <summary>Writes down what was counted, and decides if that can be decided.</summary>
    /// <returns>Whether it was.</returns>
    public ValueTask<bool> StepAsync(CancellationToken cancellationToken) => IsOnTrial ? _control!.StepAsync(cancellationToken) : new(false);

    /// <summary>It is in the slot no longer: it is in force, or made room for what is.</summary>
    public void Gone() => (Bundle, _stage) = (null, None);

    /// <summary>Tasks of a topology's chain, as labels are asked for.</summary>
    private static IReadOnlyList<Contracts.LabelTask> Tasks(TopologyDefinition topology) => SelectionOptions.From(topology).Tasks;

    private async ValueTask LeaveAsync(CancellationToken cancellationToken)
    {
        await slot.WithdrawAsync(cancellationToken);
        Gone();
    }

    // It is there to choose by, no more: the stream goes on without.
    private async ValueTask EnterSecondAsync(ModelBundle second, CancellationToken cancellationToken)
    {
        try
        {
            await EnterAsync(second, new RolloutTrial(topology.Name, Standing(second), Tasks(topology), context.Time), Second, cancellationToken);
        }
        catch (StreamingException error)
        {
            _second = null;
            context.Tell(new Notice(NoticeLevel.Warning, "second_bundle_unusable", $"the second bundle cannot be loaded, so no disagreement is measured: {error.Code}: {error.Message}"));
        }
    }

    private async ValueTask EnterAsync(ModelBundle bundle, RolloutTrial trial, long stage, CancellationToken cancellationToken)
    {
        // Loading it puts aside what was tried before.
        Gone();
        await slot.TryAsync(async (before, token) => await ServingModels.LoadAsync(context, bundle, topology, before, marks, token), trial, cancellationToken);
        (Bundle, _stage) = (bundle, stage);
    }

    // A stage that nobody decides: it lasts as long as the topology runs.
    private ModelRollout Standing(ModelBundle bundle) => new()
    {
        Digest = bundle.Digest, Version = bundle.Manifest.Version, Stage = RolloutStage.Shadow, Plan = topology.Model.Rollout, Sequence = Second, Since = context.Time.GetUtcNow(),
    };
}
