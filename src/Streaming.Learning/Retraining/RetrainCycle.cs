using System.Security.Cryptography;
using System.Text.Json;
using System.Text.RegularExpressions;
using Streaming.Contracts;
using Streaming.Core;
using Streaming.Core.Labelling;
using Streaming.Core.Models;
using Streaming.Core.Models.Bundle;
using Streaming.Core.Models.Registry;
using Streaming.Learning.Promotion;
using Streaming.Learning.Training;
using Streaming.Text.Tokenization;

namespace Streaming.Learning.Retraining;

/// <summary>
/// One retraining from labels to decision: begin, train, judge, decide, finish. Every step leaves something on disk that tells it is
/// done, and is done again only when that is not there; so whatever step a process dies at, the next one goes on with the same
/// retraining, and it is decided once.
/// </summary>
/// <param name="registry">Where bundles and decisions lie.</param>
/// <param name="samples">The labels.</param>
/// <param name="open">Opens a bundle's encoder, off the serving path; disposed at the end.</param>
/// <param name="plan">How to learn.</param>
/// <param name="time">Clock.</param>
public sealed partial class RetrainCycle(ModelRegistry registry, ISampleStore samples, Func<ModelBundle, IModelRunner> open, RetrainPlan plan, TimeProvider time)
{
    private readonly RetrainJournal _journal = new(registry, plan.Topology);

    /// <summary>Fine-tunes encoder and heads in the place of training heads on the encoder in force; null: heads alone.</summary>
    public EncoderRetraining? Tuning { get; init; }

    /// <summary>Recent texts that the gate replays; null: none.</summary>
    public Func<CancellationToken, ValueTask<IReadOnlyList<string>>>? RecentTexts { get; init; }

    /// <summary>Told how far it is; may be null.</summary>
    public IProgress<TrainingProgress>? Progress { get; init; }

    /// <summary>Called before each step with its name.</summary>
    public Action<string>? BeforeStep { get; init; }

    /// <summary>Put in the place of what was learnt: for trying the gate out. Null: never.</summary>
    public Func<TrainedHead, TrainedHead>? Spoil { get; init; }

    /// <summary>New labels that can be learnt from, by task.</summary>
    public async ValueTask<IReadOnlyDictionary<HeadTask, long>> WaitingAsync(CancellationToken cancellationToken)
    {
        var statistics = await samples.GetStatisticsAsync(plan.Topology, _journal.Read().LearntThrough, cancellationToken).ConfigureAwait(false);
        return plan.Tasks.ToDictionary(static task => task, task => statistics.Groups.Where(group => group.Task == LearningSample.TaskOf(task)).Sum(static group => group.Trainable));
    }

    /// <summary>True when a retraining was begun and not finished.</summary>
    public bool IsOpen => _journal.Read().Open is not null;

    /// <summary>True while a candidate is being tried on the channel: until that is decided, there is nothing to compare another with.</summary>
    public bool IsOnTrial => registry.Channel(plan.Name, plan.Channel).Rollout is not null;

    /// <summary>Goes on with the retraining that is open, or begins one.</summary>
    /// <param name="trigger">Why.</param>
    /// <param name="cancellationToken">Stops between steps; the next call goes on.</param>
    /// <returns>How it ended; null when another process is at it.</returns>
    public async ValueTask<RetrainOutcome?> RunAsync(string trigger, CancellationToken cancellationToken)
    {
        using var alone = _journal.TryLock();
        if (alone is null)
            return null;
        var state = _journal.Read();
        if (state.Open is null)
        {
            BeforeStep?.Invoke("begin");
            _journal.Sweep();
            state = await BeginAsync(state, trigger, cancellationToken).ConfigureAwait(false);
            _journal.Write(state);
        }

        var step = state.Open!;
        // Decided before a crash: only the end is missing.
        if (registry.Channel(plan.Name, plan.Channel).Events.FirstOrDefault(decided => decided.Cycle == step.Id) is { } decided)
            return Finish(state, Outcome(step, decided, _journal.ReadLedger(step.Id).Count));
        if (!registry.Holds(step.Parent))
            return Finish(state, Nothing(step, "The model that it began with has been left behind since, and is no longer in the registry."));
        var parent = registry.Open(step.Parent);
        // Settings may be others than when it was begun.
        await CheckAsync(parent, cancellationToken).ConfigureAwait(false);
        BeforeStep?.Invoke("train");
        var lessons = await LessonsAsync(step, parent, cancellationToken).ConfigureAwait(false);
        var obstacle = lessons.Any(static lesson => lesson.Stored.Count > 0)
            ? Tuning?.Obstacle(lessons, plan)
            : "There was nothing to learn from: too few labels of any task that has a head and a frozen test set.";
        if (obstacle is not null)
            return Finish(state, Nothing(step, obstacle));

        await using var runner = open(parent);
        ModelBundle candidate;
        try
        {
            candidate = await TrainAsync(step, parent, runner, lessons, cancellationToken).ConfigureAwait(false);
        }
        catch (StreamingException error) when (error.Code == "training_diverged")
        {
            // It would again, from the same labels and the same recipe.
            return Finish(state, Nothing(step, error.Message));
        }

        BeforeStep?.Invoke("judge");
        await using var tuned = Tuning is null ? null : open(candidate);
        var cases = await CasesAsync((parent, runner), (candidate, tuned ?? runner), lessons, cancellationToken).ConfigureAwait(false);
        var report = await new EvaluationGate(plan.Gate, time).JudgeAsync(cases, cancellationToken).ConfigureAwait(false);
        BeforeStep?.Invoke("decide");
        var decision = new ModelDecision(ModelDecision.Gate, report.Reasons) { Metrics = report.Metrics, Cycle = step.Id };
        // Somebody promoted or rolled back meanwhile: what was proven says nothing about what is in force now.
        var isOvertaken = registry.Channel(plan.Name, plan.Channel).Current != step.Parent;
        if (isOvertaken)
            decision = decision with { Reasons = ["Another model was put in force while this one was trained.", .. decision.Reasons] };
        var channel = await DecideAsync(candidate, report.Passed && !isOvertaken, decision, cancellationToken).ConfigureAwait(false);
        BeforeStep?.Invoke("finish");
        return Finish(state, Outcome(step, channel.Events.First(decided => decided.Cycle == step.Id), lessons.Sum(static lesson => lesson.Stored.Count)));
    }

    private async ValueTask<RetrainState> BeginAsync(RetrainState state, string trigger, CancellationToken cancellationToken)
    {
        var channel = registry.Channel(plan.Name, plan.Channel);
        var parent = channel.Current;
        if (channel.Rollout is { } rollout)
            throw new StreamingException("rollout_under_way", $"The version {rollout.Version} is being tried on {plan.Name}@{plan.Channel}. Wait for the end of that, or end it with `streaming models rollback {plan.Name}`.", ExitCode.CheckFailed);
        if (parent.Length == 0)
            throw new StreamingException("model_nothing_before", $"Nothing is in force on {plan.Name}@{plan.Channel}, so there is nothing to train further. Promote a bundle first.");
        var statistics = await samples.GetStatisticsAsync(plan.Topology, 0, cancellationToken).ConfigureAwait(false);
        await CheckAsync(registry.Open(parent), cancellationToken).ConfigureAwait(false);
        var number = state.Number + 1;
        return state with
        {
            Number = number,
            Open = new RetrainStep { Id = $"{plan.Topology}-{number}", Trigger = trigger, Through = statistics.LastSequence, Parent = parent, BegunAt = time.GetUtcNow() },
        };
    }

    private async ValueTask CheckAsync(ModelBundle parent, CancellationToken cancellationToken) =>
        Tuning?.Check(parent, plan, await samples.GetStatisticsAsync(plan.Topology, 0, cancellationToken).ConfigureAwait(false));

    private async ValueTask<IReadOnlyList<Lesson>> LessonsAsync(RetrainStep step, ModelBundle parent, CancellationToken cancellationToken)
    {
        var lessons = new List<Lesson>();
        foreach (var head in parent.Manifest.Heads.Where(head => plan.Tasks.Contains(head.Task) && plan.Tests.ContainsKey(head.Task)))
            lessons.Add(await Lesson.ReadAsync(samples, plan, head, step.Through, cancellationToken).ConfigureAwait(false));
        // Another encoder is another for every head; otherwise only heads with labels are of interest.
        return Tuning is null ? lessons.FindAll(static lesson => lesson.Stored.Count > 0) : lessons;
    }

    private async ValueTask<ModelBundle> TrainAsync(RetrainStep step, ModelBundle parent, IModelRunner runner, IReadOnlyList<Lesson> lessons, CancellationToken cancellationToken)
    {
        var work = _journal.WorkFolder(step.Id);
        Directory.CreateDirectory(work);
        // One that was trained the other way is not taken for what is asked for now.
        var folder = Path.Combine(work, Tuning is null ? "candidate" : "candidate-tuned");
        if (Directory.Exists(folder))
            return ModelBundle.Open(folder);
        var (source, heads) = (parent, new List<TrainedHead>());
        if (Tuning is not null)
        {
            source = await Tuning.TrainAsync(parent, lessons, plan, (ulong)step.Through, work, Progress, cancellationToken).ConfigureAwait(false);
            heads.AddRange(source.Manifest.Heads.Select(head => HeadLearner.Read(source, head)));
        }
        else
        {
            var tokenizer = TokenizerLoader.Load(parent);
            foreach (var lesson in lessons)
                heads.Add(await LearnAsync(new HeadLearner(tokenizer, runner, lesson.Head), parent, lesson, work, step, cancellationToken).ConfigureAwait(false));
        }

        var labels = lessons.SelectMany(static lesson => lesson.Stored).ToList();
        _journal.WriteLedger(step.Id, labels);
        return WriteCandidate(step, parent, source, folder, Spoil is null ? heads : heads.ConvertAll(head => Spoil(head)), labels.Count);
    }

    private async ValueTask<IReadOnlyList<GateCase>> CasesAsync(
        (ModelBundle Bundle, IModelRunner Runner) before, (ModelBundle Bundle, IModelRunner Runner) after, IReadOnlyList<Lesson> lessons, CancellationToken cancellationToken)
    {
        var recent = RecentTexts is null ? [] : await RecentTexts(cancellationToken).ConfigureAwait(false);
        var (tokenizer, other) = (TokenizerLoader.Load(before.Bundle), TokenizerLoader.Load(after.Bundle));
        var cases = new List<GateCase>();
        foreach (var lesson in lessons)
        {
            var learner = new HeadLearner(tokenizer, before.Runner, lesson.Head);
            var head = after.Bundle.Manifest.Heads.First(head => head.Name == lesson.Head.Name);
            cases.Add(new GateCase
            {
                Before = new GateSide(learner, HeadLearner.Read(before.Bundle, lesson.Head)),
                After = new GateSide(Tuning is null ? learner : new HeadLearner(other, after.Runner, head), HeadLearner.Read(after.Bundle, head)),
                Test = lesson.Test,
                Control = lesson.Control,
                Replay = recent,
            });
        }

        return cases;
    }

    private async ValueTask<TrainedHead> LearnAsync(HeadLearner learner, ModelBundle parent, Lesson lesson, string work, RetrainStep step, CancellationToken cancellationToken)
    {
        var name = lesson.Head.Name;
        var (train, heldOut) = lesson.Split(plan.CalibrationShare);
        var blend = plan.Blend with { Seed = plan.Blend.Seed + (ulong)step.Through };
        using var set = await learner.PrepareAsync(
            train, Path.Combine(work, name + ".bf16"), done => Progress?.Report(new TrainingProgress(name, "features", done, train.Count)), cancellationToken).ConfigureAwait(false);
        var trained = await learner.FitAsync(
            set, blend, HeadLearner.Read(parent, lesson.Head), (epoch, loss) => Progress?.Report(new TrainingProgress(name, "train", epoch, blend.Epochs, loss)), cancellationToken).ConfigureAwait(false);
        trained = await learner.CalibrateAsync(trained, heldOut, cancellationToken).ConfigureAwait(false);
        // Metrics of the parent's training are not this head's.
        return trained with { Manifest = trained.Manifest with { Metrics = new Dictionary<string, double>(), Baselines = new Dictionary<string, IReadOnlyDictionary<string, double>>() } };
    }

    /// <param name="step">The retraining.</param>
    /// <param name="parent">In force.</param>
    /// <param name="source">Everything but the heads: the parent, or what was fine-tuned.</param>
    /// <param name="folder">Where it goes.</param>
    /// <param name="heads">Heads that were trained.</param>
    /// <param name="labels">On how many labels.</param>
    private ModelBundle WriteCandidate(RetrainStep step, ModelBundle parent, ModelBundle source, string folder, IReadOnlyList<TrainedHead> heads, int labels)
    {
        using var writer = new ModelBundleWriter(folder);
        var changed = heads.ToDictionary(static head => head.Manifest.Name, StringComparer.Ordinal);
        var replaced = heads.Select(static head => head.Manifest.File).ToHashSet(StringComparer.Ordinal);
        foreach (var path in source.Manifest.Files.Keys.Where(path => !replaced.Contains(path)).Order(StringComparer.Ordinal))
            writer.AddFrom(source, path);
        foreach (var trained in heads)
            writer.Add(trained.Manifest.File, trained.ToSafetensors());
        var training = Tuning is not null && source.Manifest.Training is { } tuned ? tuned : new TrainingManifest
        {
            Recipe = Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(plan, RetrainJson.OnDisk.RetrainPlan))),
            Seed = (long)plan.Blend.Seed,
            FineTuned = parent.Manifest.Training?.FineTuned,
            Data = parent.Manifest.Training?.Data ?? [],
        };
        return writer.Complete(source.Manifest with
        {
            Name = parent.Manifest.Name,
            Version = $"{Generation().Replace(parent.Manifest.Version, "")}-r{step.Id[(step.Id.LastIndexOf('-') + 1)..]}",
            Parent = $"{parent.Manifest.Name}@{parent.Manifest.Version}",
            Heads = [.. source.Manifest.Heads.Select(head => changed.TryGetValue(head.Name, out var trained) ? trained.Manifest : head)],
            Training = training with
            {
                Data =
                [
                    .. training.Data,
                    new TrainingData { Name = $"labelled samples of {plan.Topology}", File = $"retraining/ledger/{step.Id}.jsonl", Sha256 = _journal.LedgerDigest(step.Id), Licence = "the owner of the stream's", Rows = labels },
                ],
            },
        });
    }

    private async ValueTask<ModelChannel> DecideAsync(ModelBundle candidate, bool passed, ModelDecision decision, CancellationToken cancellationToken)
    {
        if (!passed)
            return await registry.RefuseAsync(plan.Channel, candidate.Manifest, candidate.Digest, decision, cancellationToken).ConfigureAwait(false);
        var added = await registry.AddAsync(candidate, cancellationToken).ConfigureAwait(false);
        try
        {
            return await registry.BeginRolloutAsync(plan.Channel, added, plan.Rollout, decision, cancellationToken).ConfigureAwait(false);
        }
        catch (StreamingException error) when (error.Code is "model_pinned" or "rollout_under_way")
        {
            return await registry.RefuseAsync(plan.Channel, candidate.Manifest, candidate.Digest, decision with { Reasons = [error.Message, .. decision.Reasons] }, cancellationToken).ConfigureAwait(false);
        }
    }

    private RetrainOutcome Finish(RetrainState state, RetrainOutcome outcome)
    {
        _journal.Write(RetrainJournal.Finish(state, outcome));
        var work = _journal.WorkFolder(outcome.Id);
        if (Directory.Exists(work))
            Directory.Delete(work, recursive: true);
        return outcome;
    }

    private RetrainOutcome Nothing(RetrainStep step, string reason) => new()
    {
        Id = step.Id, Trigger = step.Trigger, Reasons = [reason], BegunAt = step.BegunAt, FinishedAt = time.GetUtcNow(),
    };

    private RetrainOutcome Outcome(RetrainStep step, ModelEvent decided, int labels) => new()
    {
        Id = step.Id,
        Trigger = step.Trigger,
        Promoted = decided.Kind is ModelEventKind.Promoted or ModelEventKind.Shadowed or ModelEventKind.Canaried,
        Stage = decided.Kind switch { ModelEventKind.Shadowed => "shadow", ModelEventKind.Canaried => "canary", _ => null },
        Version = decided.Version,
        Digest = decided.Digest,
        Labels = labels,
        Reasons = decided.Reasons,
        Metrics = decided.Metrics,
        BegunAt = step.BegunAt,
        FinishedAt = time.GetUtcNow(),
    };

    [GeneratedRegex("-r[0-9]+$")]
    private static partial Regex Generation();
}
