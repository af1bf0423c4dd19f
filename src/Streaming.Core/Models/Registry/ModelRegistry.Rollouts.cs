using Streaming.Contracts;
using Streaming.Core.Models.Bundle;

namespace Streaming.Core.Models.Registry;

/// <summary>Candidates on their way into force.</summary>
public sealed partial class ModelRegistry
{
    private string Rollouts => Path.Combine(Directory, "rollouts");

    /// <summary>Begins the first stage of a plan with a bundle that is here. What is in force stays.</summary>
    /// <param name="channel">The channel's own name.</param>
    /// <param name="bundle">The bundle, from <see cref="AddAsync"/>.</param>
    /// <param name="plan">The stages; one that has none promotes at once.</param>
    /// <param name="decision">Why, and by whom. A person's takes the place of a rollout that is under way.</param>
    /// <param name="cancellationToken">Gives up waiting for the turn.</param>
    /// <exception cref="StreamingException"><c>model_nothing_before</c>, <c>rollout_under_way</c>, <c>model_pinned</c>, <c>model_not_in_registry</c>.</exception>
    public ValueTask<ModelChannel> BeginRolloutAsync(string channel, ModelBundle bundle, RolloutPlan plan, ModelDecision decision, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(bundle);
        ArgumentNullException.ThrowIfNull(plan);
        return plan.First is not { } first ? PromoteAsync(channel, bundle, decision, cancellationToken) : ChangeAsync(
            bundle.Manifest.Name,
            channel,
            now =>
            {
                Require(bundle);
                if (now.Current.Length == 0)
                    throw new StreamingException("model_nothing_before", $"Nothing is in force on {now.Name}@{now.Channel}, so there is nothing to try a candidate beside. Promote it without stages.");
                if (now.Current == bundle.Digest || now.Rollout?.Digest == bundle.Digest)
                    return now;
                CheckPin(now, decision);
                return Enter(Displace(now, bundle.Manifest.Version, decision), bundle.Digest, bundle.Manifest.Version, first, plan, decision);
            },
            cancellationToken);
    }

    /// <summary>A candidate got through a stage: the next begins, or it is put in force. Nothing changes when the stage is over already, whoever ended it.</summary>
    /// <param name="name">Bundle name.</param>
    /// <param name="channel">The channel's own name.</param>
    /// <param name="stage">The rollout as it was seen.</param>
    /// <param name="decision">Why.</param>
    /// <param name="cancellationToken">Gives up waiting for the turn.</param>
    public ValueTask<ModelChannel> AdvanceAsync(string name, string channel, ModelRollout stage, ModelDecision decision, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(stage);
        return ChangeAsync(
            name,
            channel,
            now =>
            {
                if (now.Rollout is not { } rollout || rollout.Sequence != stage.Sequence)
                    return now;
                decision = Inherit(decision, rollout);
                if (rollout.Plan.After(rollout.Stage) is { } next)
                    return Enter(now, rollout.Digest, rollout.Version, next, rollout.Plan, decision);
                return now.IsPinned
                    ? Leave(now, decision with { Reasons = ["The channel was pinned meanwhile, so what is in force stays.", .. decision.Reasons] })
                    : InForce(now, rollout.Digest, rollout.Version, decision);
            },
            cancellationToken);
    }

    /// <summary>Ends a rollout; what is in force stays, and has all documents again.</summary>
    /// <param name="name">Bundle name.</param>
    /// <param name="channel">The channel's own name.</param>
    /// <param name="stage">The rollout as it was seen: nothing changes when it is over already. Null: whichever is under way.</param>
    /// <param name="decision">Why, and by whom.</param>
    /// <param name="cancellationToken">Gives up waiting for the turn.</param>
    public ValueTask<ModelChannel> WithdrawAsync(string name, string channel, ModelRollout? stage, ModelDecision decision, CancellationToken cancellationToken) => ChangeAsync(
        name,
        channel,
        now => now.Rollout is { } rollout && (stage is null || rollout.Sequence == stage.Sequence) ? Leave(now, Inherit(decision, rollout)) : now,
        cancellationToken);

    /// <summary>Folder of what the processes count in a stage; deleted by <see cref="CollectAsync"/> and <see cref="RetainAsync"/> when it is over.</summary>
    public string EvidenceFolder(string name, string channel, ModelRollout stage)
    {
        ArgumentNullException.ThrowIfNull(stage);
        return Path.Combine(Rollouts, $"{CheckName(name)}@{CheckName(channel)}@{stage.Sequence}");
    }

    // The gate's figures belong to the decision that ends the rollout too: it is the one that puts in force.
    private static ModelDecision Inherit(ModelDecision decision, ModelRollout rollout)
    {
        var metrics = new SortedDictionary<string, double>(StringComparer.Ordinal);
        foreach (var (key, value) in rollout.Metrics.Concat(decision.Metrics))
            metrics[key] = value;
        return decision with { Metrics = metrics, Cycle = decision.Cycle ?? rollout.Cycle };
    }

    private ModelChannel Enter(ModelChannel now, string digest, string version, RolloutStage stage, RolloutPlan plan, ModelDecision decision)
    {
        var next = now.With(Event(now, stage == RolloutStage.Shadow ? ModelEventKind.Shadowed : ModelEventKind.Canaried, version, digest, decision));
        return next with
        {
            Rollout = new ModelRollout
            {
                Digest = digest, Version = version, Stage = stage, Plan = plan, Sequence = next.LastSequence, Since = next.Events[^1].DecidedAt,
                Metrics = now.Rollout?.Digest == digest ? now.Rollout.Metrics : decision.Metrics, Cycle = decision.Cycle,
            },
        };
    }

    private ModelChannel Leave(ModelChannel now, ModelDecision decision) =>
        now.With(Event(now, ModelEventKind.Withdrawn, now.Rollout!.Version, now.Rollout.Digest, decision)) with { Rollout = null };

    private ModelChannel InForce(ModelChannel now, string digest, string version, ModelDecision decision) =>
        now.With(Event(now, ModelEventKind.Promoted, version, digest, decision)) with
        {
            Current = digest,
            Before = now.Current.Length == 0 ? now.Before : [.. now.Before, now.Current],
            Rollout = null,
        };

    // One candidate at a time: a person's decision ends another's trial, a gate's waits for it.
    private ModelChannel Displace(ModelChannel now, string version, ModelDecision decision)
    {
        if (now.Rollout is not { } rollout)
            return now;
        if (decision.By != ModelDecision.Person)
            throw new StreamingException("rollout_under_way", $"On {now.Name}@{now.Channel} the version {rollout.Version} is being tried. Wait for the end of that, or end it with `streaming models rollback {now.Name}`.", ExitCode.CheckFailed);
        return Leave(now, decision with { Reasons = [$"The version {version} takes its place.", .. decision.Reasons] });
    }

    private void CheckPin(ModelChannel now, ModelDecision decision)
    {
        if (now.IsPinned && decision.By != ModelDecision.Person)
            throw new StreamingException("model_pinned", $"The channel {now.Name}@{now.Channel} is pinned to the version {VersionOf(now.Current)}. Unpin it with `streaming models pin {now.Name} --off`, or promote by hand.", ExitCode.CheckFailed);
    }

    private void Require(ModelBundle bundle)
    {
        if (!Holds(bundle.Digest))
            throw new StreamingException("model_not_in_registry", $"The registry '{Directory}' has no bundle with the digest {bundle.Digest}; add it first.");
    }
}
