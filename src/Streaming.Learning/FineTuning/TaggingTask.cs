using System.Numerics;
using Streaming.Core.Models;
using Streaming.Core.Models.Bundle;
using Streaming.Learning.Data;
using Streaming.Learning.Recipes;
using Streaming.Learning.Training;
using Streaming.Text.Features;
using Streaming.Text.Heads;

namespace Streaming.Learning.FineTuning;

/// <summary>A head that tags words.</summary>
internal sealed class TaggingTask : TuningTask
{
    private readonly Splits<TaggedText> _splits;
    private readonly List<TaggedText> _dev;
    private readonly List<TuningRow> _train;
    private readonly List<TuningRow> _devRows;
    private readonly float[] _classWeights;
    private readonly bool _isPlain;

    public TaggingTask(HeadRecipe recipe, int index, FineTuningSettings tuning, SampleLoader loader, RowEncoder encoder, ulong seed)
        : this(recipe, index, tuning, Splits.Tagged(loader, recipe, seed), encoder, seed)
    {
    }

    /// <summary>With data that is there already. Indices of rows' texts are places in its training part.</summary>
    public TaggingTask(HeadRecipe recipe, int index, FineTuningSettings tuning, Splits<TaggedText> splits, RowEncoder encoder, ulong seed)
        : base(recipe, tuning.Task(recipe.Name), index, tuning, seed)
    {
        _splits = splits;
        _dev = Limited(_splits.Dev);
        _train = encoder.Tagged(_splits.Train, recipe.Labels, recipe.WordShape, keepSpansWhole: true);
        _devRows = encoder.Tagged(_dev, recipe.Labels, recipe.WordShape, keepSpansWhole: false);
        Tail = new ChainTail(recipe.Outputs, recipe.Kind == HeadKind.Crf, recipe.WordShape);
        _classWeights = ClassWeights();
        // One label a word and nothing behind the linear layer: the backend's own loss will do, in one pass.
        _isPlain = Tail.Parameters.IsEmpty && _train.TrueForAll(r => Array.TrueForAll(r.Allowed, a => BitOperations.PopCount(a) == 1));
        if (!_isPlain && (Settings.LabelSmoothing > 0 || _classWeights.Length > 0))
            throw new Core.StreamingException("recipe_invalid", $"The head '{recipe.Name}' has word shapes or data that annotates only some of its types: label_smoothing and class_weights are not for it.");
    }

    public override ChainTail Tail { get; }

    public override IReadOnlyList<TuningRow> Train => _train;

    /// <summary>Tokens of the development data.</summary>
    public long DevTokens => _devRows.Sum(static row => (long)row.Ids.Length);

    public override IReadOnlyList<(string Text, string Set)> TrainTexts => _splits.Train.ConvertAll(static t => (t.Text, t.Set));

    public override StepLoss Accumulate(ITrainableModel model, List<TuningRow> rows)
    {
        var batch = RowBatch.Of(rows, Index, ofWords: true, Settings.LossWeight);
        if (_isPlain)
            return model.Accumulate(WithTargets(batch, _classWeights));
        var logits = new float[batch.Batch.Units.Length * Recipe.Outputs.Count];
        model.Forward(batch.Batch, logits);
        var loss = Tail.Accumulate(rows, logits);
        model.AccumulateSeeded(batch.Batch, logits, loss.Weight);
        return loss;
    }

    public override IReadOnlyList<(string Name, double Value)> Measure(ITrainableModel model, CancellationToken cancellationToken)
    {
        var labels = Recipe.Outputs.Count;
        var logits = _dev.ConvertAll(t => new float[t.Words.Count * labels]);
        Predict(
            model,
            _devRows,
            (row, values, at) => values.AsSpan(at, row.Units * labels).CopyTo(logits[row.Text].AsSpan(row.FirstWord * labels)),
            cancellationToken);
        var head = Decoder(model.Info);
        var spans = _dev.Select((text, i) => TaggerTraining.Decode(head, text, logits[i]));
        return [("micro_f1", TaggerMetrics.Count(_dev, TaggerMetrics.WordSpans(spans)).ToReport().Micro.F1)];
    }

    /// <summary>A head that decodes given logits as serving will; its linear layer is never used.</summary>
    private Head Decoder(TrainableModelInfo model)
    {
        var encoder = new EncoderInfo(model.Hidden, Recipe.Layers, model.MaxSequenceLength, model.Device);
        var manifest = new HeadManifest
        {
            Name = Recipe.Name, Task = Recipe.Task, Kind = Recipe.Kind, Unit = HeadUnit.Token, Labels = Recipe.Outputs, Layers = Recipe.Layers, WordShape = Recipe.WordShape, File = "none",
        };
        var inputs = FeatureLayout.Create(encoder, HeadUnit.Token, Recipe.Layers, Recipe.WordShape).Inputs;
        return new Head(manifest, encoder, new float[Recipe.Outputs.Count * inputs], new float[Recipe.Outputs.Count], Tail.Chain());
    }
}
