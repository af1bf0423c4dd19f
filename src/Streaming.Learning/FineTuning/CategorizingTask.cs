using Streaming.Core;
using Streaming.Core.Models;
using Streaming.Learning.Data;
using Streaming.Learning.Heads;
using Streaming.Learning.Metrics;
using Streaming.Learning.Recipes;
using Streaming.Learning.Training;
using Streaming.Text.Features;
using Streaming.Text.Heads;

namespace Streaming.Learning.FineTuning;

/// <summary>A head on whole texts that says which categories they judge, and how: a softmax a category.</summary>
internal sealed class CategorizingTask : TuningTask
{
    private readonly CategorySet _set;
    private readonly Splits<CategorizedText> _splits;
    private readonly List<CategorizedText> _dev;
    private readonly List<TuningRow> _train;
    private readonly List<TuningRow> _devRows;

    public CategorizingTask(HeadRecipe recipe, int index, FineTuningSettings tuning, SampleLoader loader, RowEncoder encoder, ulong seed)
        : base(recipe, tuning.Task(recipe.Name), index, tuning, seed)
    {
        if (Settings.LabelSmoothing > 0 || Settings.BalancedClasses || Settings.ClassWeights.Count > 0)
            throw new StreamingException("recipe_invalid", $"The head '{recipe.Name}' has a softmax a category: label_smoothing and class_weights are not for it.");
        _set = new CategorySet(recipe.Outputs);
        _splits = Splits.Categorized(loader, recipe, _set);
        _dev = Limited(_splits.Dev);
        _train = encoder.Labelled(_splits.Train.Select(t => (t.Text, t.Allowed(_set))));
        _devRows = encoder.Labelled(_dev.Select(t => (t.Text, t.Allowed(_set))));
    }

    public override IReadOnlyList<TuningRow> Train => _train;

    public override IReadOnlyList<(string Text, string Set)> TrainTexts => _splits.Train.ConvertAll(static t => (t.Text, t.Set));

    public override StepLoss Accumulate(ITrainableModel model, List<TuningRow> rows)
    {
        var batch = RowBatch.Of(rows, Index, ofWords: false, Settings.LossWeight).Batch;
        var labels = Recipe.Outputs.Count;
        var logits = new float[rows.Count * labels];
        model.Forward(batch, logits);
        double loss = 0;
        for (var row = 0; row < rows.Count; row++)
            loss += AllowedLoss.Derive(logits.AsSpan(row * labels, labels), rows[row].Allowed[0], _set.Outcomes);
        // A mean over texts and categories, so that its size is that of other tasks' losses.
        var weight = (double)rows.Count * _set.Categories.Count;
        model.AccumulateSeeded(batch, logits, weight);
        return new StepLoss(loss, weight);
    }

    public override IReadOnlyList<(string Name, double Value)> Measure(ITrainableModel model, CancellationToken cancellationToken)
    {
        var labels = Recipe.Outputs.Count;
        var logits = new double[_dev.Count * labels];
        Predict(
            model,
            _devRows,
            (row, values, at) =>
            {
                for (var k = 0; k < labels; k++)
                    logits[(row.Text * labels) + k] = values[at + k];
            },
            cancellationToken);
        var report = CategoryReport.Of(_dev, CategoryTraining.Decode(Decoder(model.Info), logits), _set);
        return [("pair_f1", report.Pairs.Micro.F1), ("category_f1", report.Categories.Micro.F1)];
    }

    /// <summary>A head that decodes given logits as serving will; its linear layer is never used.</summary>
    private Head Decoder(TrainableModelInfo model)
    {
        var encoder = new EncoderInfo(model.Hidden, Recipe.Layers, model.MaxSequenceLength, model.Device);
        var manifest = HeadContext.Manifest(Recipe);
        var inputs = FeatureLayout.Create(encoder, manifest.Unit, Recipe.Layers, wordShape: false).Inputs;
        return new Head(manifest, encoder, new float[Recipe.Outputs.Count * inputs], new float[Recipe.Outputs.Count]);
    }
}
