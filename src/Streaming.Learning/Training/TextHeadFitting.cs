using Streaming.Learning.Features;
using Streaming.Learning.Heads;
using Streaming.Text.Analysis;
using Streaming.Text.Heads;

namespace Streaming.Learning.Training;

/// <summary>The steps that heads on whole texts share: fitting the linear layer, and logits of texts.</summary>
internal static class TextHeadFitting
{
    /// <summary>Fits a linear layer.</summary>
    /// <param name="context">The head.</param>
    /// <param name="texts">Texts to learn from.</param>
    /// <param name="allowed">Labels each may have, as bits.</param>
    /// <param name="part">Labels that share a softmax.</param>
    /// <param name="cancellationToken">Ends the training.</param>
    public static async ValueTask<(float[] Weights, float[] Bias)> FitAsync(
        HeadContext context, IReadOnlyList<string> texts, IReadOnlyList<uint> allowed, int part, CancellationToken cancellationToken)
    {
        using var cache = context.NewCache(texts.Count);
        var rows = new TrainingRows(cache, context.Recipe.Outputs.Count);
        await context.ExtractAsync(Texts(texts), "features", (text, row) => cache.Write(text, row), cancellationToken).ConfigureAwait(false);
        cache.Seal();
        foreach (var labels in allowed)
            rows.AddUnit([labels]);
        var standardizer = new Standardizer(cache, context.DenseColumns);
        var objective = new SoftmaxObjective(rows, standardizer, part);
        var parameters = new float[objective.ParameterCount];
        await context.OptimizeAsync(objective, parameters, cancellationToken).ConfigureAwait(false);
        var layout = new HeadParameters(rows.LabelCount, DenseKernels.Stride(cache.Dimensions), IsChain: false);
        return standardizer.Fold(parameters, parameters.AsSpan(layout.Bias, layout.Labels), layout.Stride);
    }

    /// <summary>Logits [texts, labels]; zeros for a text without tokens.</summary>
    public static async ValueTask<double[]> LogitsAsync(HeadContext context, Head head, IReadOnlyList<string> texts, string stage, CancellationToken cancellationToken)
    {
        var logits = new double[texts.Count * head.Labels];
        await context.ExtractAsync(Texts(texts), stage, Into(logits, head), cancellationToken).ConfigureAwait(false);
        return logits;
    }

    /// <summary>Takes texts' features, one text at a time, and puts its logits into [texts, labels]; those of a text without tokens stay as they are.</summary>
    public static VectorSink Into(double[] logits, Head head)
    {
        var row = new float[head.Labels];
        return (text, features) =>
        {
            if (features.IsEmpty)
                return;
            head.Project(features, row);
            for (var k = 0; k < row.Length; k++)
                logits[(text * row.Length) + k] = row[k];
        };
    }

    private static List<FeatureText> Texts(IReadOnlyList<string> texts) => [.. texts.Select(static text => new FeatureText(text, []))];
}
