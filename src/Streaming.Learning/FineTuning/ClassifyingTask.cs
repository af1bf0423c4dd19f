using Streaming.Learning.Data;
using Streaming.Learning.Metrics;
using Streaming.Learning.Recipes;
using Streaming.Learning.Training;

namespace Streaming.Learning.FineTuning;

/// <summary>A head on whole texts.</summary>
internal sealed class ClassifyingTask : TuningTask
{
    private readonly Splits<ClassifiedText> _splits;
    private readonly List<ClassifiedText> _dev;
    private readonly List<TuningRow> _train;
    private readonly List<TuningRow> _devRows;
    private readonly float[] _classWeights;

    public ClassifyingTask(HeadRecipe recipe, int index, FineTuningSettings tuning, SampleLoader loader, RowEncoder encoder, ulong seed)
        : base(recipe, tuning.Task(recipe.Name), index, tuning, seed)
    {
        _splits = Splits.Classified(loader, recipe);
        _dev = Limited(_splits.Dev);
        _train = encoder.Labelled(_splits.Train.Select(static t => (t.Text, 1u << t.Label)));
        _devRows = encoder.Labelled(_dev.Select(static t => (t.Text, 1u << t.Label)));
        _classWeights = ClassWeights();
    }

    public override IReadOnlyList<TuningRow> Train => _train;

    public override IReadOnlyList<(string Text, string Set)> TrainTexts => _splits.Train.ConvertAll(static t => (t.Text, t.Set));

    public override StepLoss Accumulate(ITrainableModel model, List<TuningRow> rows) =>
        model.Accumulate(WithTargets(RowBatch.Of(rows, Index, ofWords: false, Settings.LossWeight), _classWeights));

    public override IReadOnlyList<(string Name, double Value)> Measure(ITrainableModel model, CancellationToken cancellationToken)
    {
        var labels = Recipe.Outputs.Count;
        var predicted = new int[_dev.Count];
        Predict(
            model,
            _devRows,
            (row, logits, at) =>
            {
                for (var k = 1; k < labels; k++)
                {
                    if (logits[at + k] > logits[at + predicted[row.Text]])
                        predicted[row.Text] = k;
                }
            },
            cancellationToken);
        var report = ClassificationReport.Of([.. _dev.Select(s => s.Label)], predicted, labels);
        return [("macro_f1", report.Macro.F1), ("accuracy", report.Accuracy)];
    }
}
