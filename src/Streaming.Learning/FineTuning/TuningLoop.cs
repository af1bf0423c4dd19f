using Streaming.Core;
using Streaming.Learning.Recipes;
using Streaming.Learning.Training;

namespace Streaming.Learning.FineTuning;

/// <summary>
/// The steps: whose turn it is, which batch, which rate, when to measure, what to keep, when to end. Everything it goes by is in <see cref="Save"/>,
/// so a loop that was stopped goes on as if it had not been.
/// </summary>
internal sealed class TuningLoop
{
    private readonly IReadOnlyList<TuningTask> _tasks;
    private readonly ContrastiveStage? _contrastive;
    private readonly ITrainableModel _model;
    private readonly FineTuningSettings _settings;
    private readonly TaskTurns _turns;
    private readonly StepLoss[] _losses;
    private readonly int _evaluateEvery;
    private int _warmStep;
    private int _step;
    private int _worse;
    private bool _ended;

    public TuningLoop(IReadOnlyList<TuningTask> tasks, ContrastiveStage? contrastive, ITrainableModel model, FineTuningSettings settings)
    {
        (_tasks, _contrastive, _model, _settings) = (tasks, contrastive, model, settings);
        double[] sizes = [.. tasks.Select(t => t.Stream.PassLength)];
        double[] shares = [.. tasks.Select(t => t.Settings.Share)];
        _turns = new TaskTurns(settings.Sampling, sizes, shares);
        _losses = new StepLoss[tasks.Count];
        var epoch = sizes.Zip(shares, (size, share) => size * share).Sum() / settings.Accumulation;
        Steps = settings.Steps > 0 ? settings.Steps : Math.Max(1, (int)Math.Ceiling(epoch * settings.Epochs));
        _evaluateEvery = settings.EvaluateEvery > 0 ? settings.EvaluateEvery : Math.Clamp((int)Math.Ceiling(epoch), 1, Steps);
    }

    /// <summary>Optimiser steps there are, the contrastive ones not counted.</summary>
    public int Steps { get; }

    /// <summary>Best average of the tasks' first metrics; below 0 before the first measurement.</summary>
    public double Best { get; private set; } = -1;

    /// <summary>Metrics of the best measurement, <c>head.metric</c>.</summary>
    public SortedDictionary<string, double> BestMetrics { get; private set; } = new(StringComparer.Ordinal);

    /// <summary>Goes to the end.</summary>
    /// <param name="log">Told every figure.</param>
    /// <param name="time">Clock.</param>
    /// <param name="keepBest">Told when the model is better than ever.</param>
    /// <param name="save">Told when the state is worth writing.</param>
    /// <param name="progress">Told every step.</param>
    /// <param name="cancellationToken">Observed between steps.</param>
    public void Run(TrainingLog log, TimeProvider time, Action keepBest, Action save, IProgress<TrainingProgress>? progress, CancellationToken cancellationToken)
    {
        Contrast(log, progress, cancellationToken);
        var (since, tokens) = (time.GetTimestamp(), 0L);
        while (!_ended && _step < Steps)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var (loss, stepTokens) = Step(log);
            tokens += stepTokens;
            progress?.Report(new TrainingProgress("", "fine-tune", _step, Steps, loss));
            if (_step % _evaluateEvery != 0 && _step != Steps)
                continue;
            log.Add(_step, "", "tokens_per_second", tokens / Math.Max(1e-9, time.GetElapsedTime(since).TotalSeconds));
            Measure(log, keepBest, progress, cancellationToken);
            _ended = _settings.Patience > 0 && _worse >= _settings.Patience;
            save();
            (since, tokens) = (time.GetTimestamp(), 0);
        }
    }

    /// <summary>Writes where it is.</summary>
    public void Save(BinaryWriter writer)
    {
        writer.Write(_warmStep);
        writer.Write(_step);
        writer.Write(_worse);
        writer.Write(_ended);
        writer.Write(Best);
        writer.Write(BestMetrics.Count);
        foreach (var (name, value) in BestMetrics)
        {
            writer.Write(name);
            writer.Write(value);
        }

        foreach (var stream in Streams())
        {
            writer.Write(stream.Pass);
            writer.Write(stream.Index);
        }

        for (var i = 0; i < _tasks.Count; i++)
        {
            writer.Write(_turns.Credits[i]);
            writer.Write(_losses[i].Loss);
            writer.Write(_losses[i].Weight);
            _tasks[i].Tail?.Save(writer);
        }
    }

    /// <summary>Goes on from where <see cref="Save"/> was called.</summary>
    public void Load(BinaryReader reader)
    {
        _warmStep = reader.ReadInt32();
        _step = reader.ReadInt32();
        _worse = reader.ReadInt32();
        _ended = reader.ReadBoolean();
        Best = reader.ReadDouble();
        BestMetrics = new SortedDictionary<string, double>(StringComparer.Ordinal);
        for (var left = reader.ReadInt32(); left > 0; left--)
            BestMetrics[reader.ReadString()] = reader.ReadDouble();
        foreach (var stream in Streams())
            stream.Seek(reader.ReadInt32(), reader.ReadInt32());
        for (var i = 0; i < _tasks.Count; i++)
        {
            _turns.Credits[i] = reader.ReadDouble();
            _losses[i] = new StepLoss(reader.ReadDouble(), reader.ReadDouble());
            _tasks[i].Tail?.Load(reader);
        }
    }

    private IEnumerable<BatchStream> Streams() => _contrastive is null ? _tasks.Select(t => t.Stream) : _tasks.Select(t => t.Stream).Append(_contrastive.Stream);

    private void Contrast(TrainingLog log, IProgress<TrainingProgress>? progress, CancellationToken cancellationToken)
    {
        while (_contrastive is not null && _warmStep < _contrastive.Steps)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var (loss, norm) = _contrastive.Step(_model, _warmStep++);
            Check(norm);
            log.Add(_warmStep, "contrastive", "loss", loss.Mean);
            progress?.Report(new TrainingProgress("", "contrastive", _warmStep, _contrastive.Steps, loss.Mean));
        }
    }

    private (double Loss, long Tokens) Step(TrainingLog log)
    {
        var turn = _turns.Next((double)_step / Steps);
        var task = _tasks[turn];
        var (loss, tokens) = (default(StepLoss), 0L);
        for (var i = 0; i < _settings.Accumulation; i++)
        {
            var rows = task.Stream.Next();
            loss += task.Accumulate(_model, rows);
            foreach (var row in rows)
                tokens += row.Ids.Length;
        }

        var factor = new RateSchedule(Steps, _settings.Warmup).At(_step);
        var norm = _model.Update(_settings.LearningRate * factor);
        task.Tail?.Update(_settings.ChainLearningRate * factor);
        Check(norm);
        _step++;
        _losses[turn] += loss;
        log.Add(_step, task.Recipe.Name, "loss", loss.Mean);
        log.Add(_step, "", "learning_rate", _settings.LearningRate * factor);
        log.Add(_step, "", "gradient_norm", norm);
        return (_losses[turn].Mean, tokens);
    }

    private void Check(double norm)
    {
        if (!double.IsFinite(norm))
            throw new StreamingException("training_diverged", $"At step {_step} a gradient was no finite number. Lower learning_rate, lengthen warmup, or use precision fp32.", ExitCode.CheckFailed);
    }

    private void Measure(TrainingLog log, Action keepBest, IProgress<TrainingProgress>? progress, CancellationToken cancellationToken)
    {
        var metrics = new SortedDictionary<string, double>(StringComparer.Ordinal);
        var average = 0.0;
        for (var i = 0; i < _tasks.Count; i++)
        {
            var name = _tasks[i].Recipe.Name;
            var measured = _tasks[i].Measure(_model, cancellationToken);
            average += measured[0].Value / _tasks.Count;
            metrics[$"{name}.loss"] = _losses[i].Mean;
            foreach (var (metric, value) in measured)
            {
                metrics[$"{name}.{metric}"] = value;
                log.Add(_step, name, $"dev_{metric}", value);
            }

            _losses[i] = default;
        }

        metrics["average"] = average;
        log.Add(_step, "", "dev_average", average);
        log.Flush();
        progress?.Report(new TrainingProgress("", "develop", _step, Steps, null, metrics));
        if (average <= Best)
        {
            _worse++;
            return;
        }

        (Best, BestMetrics, _worse) = (average, metrics, 0);
        keepBest();
    }
}
