using System.Numerics;
using Streaming.Learning.Recipes;

namespace Streaming.Learning.FineTuning;

/// <summary>The token-contrastive stage: batches of one head's words against the embeddings of its types' descriptions.</summary>
internal sealed class ContrastiveStage
{
    private readonly ContrastiveSettings _settings;
    private readonly FineTuningSettings _tuning;
    private readonly BatchStream _stream;
    private readonly List<TuningRow> _descriptions;
    private readonly int[] _anchorOf;

    /// <param name="settings">What to do.</param>
    /// <param name="tuning">Batches and warm-up.</param>
    /// <param name="task">Head whose words are used.</param>
    /// <param name="encoder">Turns descriptions into rows.</param>
    /// <param name="head">Index of the contrastive head in the model.</param>
    public ContrastiveStage(ContrastiveSettings settings, FineTuningSettings tuning, TuningTask task, RowEncoder encoder, int head)
    {
        (_settings, _tuning, Head) = (settings, tuning, head);
        var names = settings.Descriptions.Keys.Order(StringComparer.Ordinal).ToList();
        _descriptions = encoder.Plain([.. names.Select(n => settings.Descriptions[n])]);
        // Both tags of a type are pulled to its one description.
        _anchorOf = [.. task.Recipe.Outputs.Select(o => names.IndexOf(o == "O" ? "O" : o[2..]))];
        _stream = new BatchStream(task.Train, tuning.MaxBatchTokens, 0x2545F4914F6CDD1DUL);
        Steps = Math.Max(1, (int)Math.Ceiling(settings.Epochs * _stream.PassLength));
    }

    /// <summary>Index of its head in the model.</summary>
    public int Head { get; }

    /// <summary>Number of steps.</summary>
    public int Steps { get; }

    /// <summary>Where it is in its data.</summary>
    public BatchStream Stream => _stream;

    /// <summary>What the backend is told of its head.</summary>
    public TrainableHead ToTrainable(int hidden) => new()
    {
        Name = "contrastive",
        Kind = TrainableHeadKind.Contrastive,
        Labels = _descriptions.Count,
        Anchors = new float[_descriptions.Count * hidden],
        Temperature = _settings.Temperature,
    };

    /// <summary>One step; the descriptions are embedded at the first one and whenever it is time to.</summary>
    /// <param name="model">The model.</param>
    /// <param name="step">From 0.</param>
    /// <returns>Loss and gradient norm.</returns>
    public (StepLoss Loss, double Norm) Step(ITrainableModel model, int step)
    {
        if (step == 0 || (_settings.RefreshEvery > 0 && step % _settings.RefreshEvery == 0))
            Refresh(model);
        var batch = RowBatch.Of(_stream.Next(), Head, ofWords: true);
        var logits = new float[batch.Batch.Units.Length * _descriptions.Count];
        model.Forward(batch.Batch, logits);
        var own = new int[batch.Batch.Units.Length];
        var unit = 0;
        foreach (var row in batch.Rows)
        {
            // A word that may be several things is an example of none.
            foreach (var allowed in row.Allowed)
                own[unit++] = BitOperations.PopCount(allowed) == 1 ? _anchorOf[BitOperations.TrailingZeroCount(allowed)] : ContrastiveLoss.None;
        }

        var loss = ContrastiveLoss.Derive(logits, own, _descriptions.Count, _settings.Bidirectional);
        model.AccumulateSeeded(batch.Batch, logits, Math.Max(1, loss.Weight));
        var rate = _settings.LearningRate * new RateSchedule(Steps, _tuning.Warmup).At(step);
        return (loss, model.Update(rate));
    }

    private void Refresh(ITrainableModel model)
    {
        var anchors = new float[_descriptions.Count * model.Info.Hidden];
        model.Embed(RowBatch.Of(_descriptions, 0, ofWords: false).Batch, anchors);
        model.SetAnchors(Head, anchors);
    }
}
