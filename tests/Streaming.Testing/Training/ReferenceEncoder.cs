using System.Text;
using Streaming.Learning.FineTuning;

namespace Streaming.Testing.Training;

/// <summary>
/// An encoder of some hundred weights with heads and a loss: what training must compute. Derivatives are central differences over every
/// single weight, so they owe nothing to anybody's calculus.
/// </summary>
/// <param name="prefix">What names of tensors begin with.</param>
/// <param name="activation">Of the feed-forward part.</param>
/// <param name="family"><c>bert</c>, <c>distilbert</c>, <c>roberta</c> or <c>electra</c>.</param>
public sealed class ReferenceEncoder(string prefix = "", string activation = "gelu", string family = "bert")
    : PlainEncoder(new PlainShape(Hidden, Layers, Heads, 12, Vocabulary, 9, 6), family, prefix, activation, spread: 0.8)
{
    public const int Hidden = 8, Layers = 2, Heads = 2, Vocabulary = 14;

    /// <summary>What a backend is given.</summary>
    public EncoderCheckpoint Checkpoint() => new(
        Encoding.UTF8.GetBytes(ConfigJson), Tensors.ToDictionary(static t => t.Name, static t => new CheckpointTensor(t.Shape, t.Values)));

    /// <summary>A head with seeded weights.</summary>
    public static TrainableHead Head(string name, TrainableHeadKind kind, int labels, params int[] layers)
    {
        var random = new Random(labels + (100 * layers.Length) + (int)kind);
        float[] Draw(int count) => [.. Enumerable.Range(0, count).Select(_ => (float)((random.NextDouble() - 0.5) * 0.8))];
        return kind == TrainableHeadKind.Contrastive
            ? new TrainableHead { Name = name, Kind = kind, Labels = labels, Anchors = Draw(labels * Hidden), Temperature = 0.5 }
            : new TrainableHead { Name = name, Kind = kind, Labels = labels, Layers = layers, Weight = Draw(labels * layers.Length * Hidden), Bias = Draw(labels) };
    }

    /// <summary>Weights of the encoder, and of heads under the names they are exported by.</summary>
    public Dictionary<string, double[]> Weights(params TrainableHead[] heads)
    {
        var weights = CopyWeights();
        foreach (var head in heads.Where(static head => head.Kind != TrainableHeadKind.Contrastive))
        {
            weights.Add($"heads.{head.Name}.weight", Array.ConvertAll(head.Weight, static v => (double)v));
            weights.Add($"heads.{head.Name}.bias", Array.ConvertAll(head.Bias, static v => (double)v));
        }
        return weights;
    }

    /// <summary>Derivatives of the summed loss by every weight.</summary>
    public Dictionary<string, double[]> Gradient(Dictionary<string, double[]> weights, TrainableHead head, TrainingBatch batch)
    {
        const double step = 1e-5;
        var gradient = new Dictionary<string, double[]>();
        foreach (var (name, values) in weights)
        {
            var derivatives = new double[values.Length];
            for (var i = 0; i < values.Length; i++)
            {
                var before = values[i];
                values[i] = before + step;
                var above = Loss(weights, head, batch).Loss;
                values[i] = before - step;
                derivatives[i] = (above - Loss(weights, head, batch).Loss) / (2 * step);
                values[i] = before;
            }
            gradient.Add(name, derivatives);
        }
        return gradient;
    }

    /// <summary>Summed loss and weight of a batch.</summary>
    public StepLoss Loss(Dictionary<string, double[]> weights, TrainableHead head, TrainingBatch batch)
    {
        var logits = Logits(weights, head, batch);
        double loss = 0, weight = 0;
        for (var unit = 0; unit < logits.Length; unit++)
        {
            var log = Math.Log(logits[unit].Sum(Math.Exp));
            for (var label = 0; label < head.Labels; label++)
                loss += batch.Weights[unit] * batch.Targets[(unit * head.Labels) + label] * (log - logits[unit][label]);
            weight += batch.Weights[unit];
        }
        return new StepLoss(loss, weight);
    }

    /// <summary>Logits of every unit.</summary>
    public double[][] Logits(Dictionary<string, double[]> weights, TrainableHead head, TrainingBatch batch)
    {
        var rows = new double[batch.Rows][][][];
        var units = new double[batch.Units.Length][];
        int[] layers = head.Kind == TrainableHeadKind.Contrastive ? [Layers] : [.. head.Layers];
        for (var unit = 0; unit < units.Length; unit++)
        {
            var document = head.Kind == TrainableHeadKind.Document;
            var row = document ? batch.Units[unit] : batch.Units[unit] / batch.Length;
            var states = rows[row] ??= Forward(weights, batch, row);
            var features = new double[layers.Length * Hidden];
            for (var i = 0; i < features.Length; i++)
            {
                var layer = states[layers[i / Hidden]];
                features[i] = document ? layer.Average(token => token[i % Hidden]) : layer[batch.Units[unit] % batch.Length][i % Hidden];
            }
            units[unit] = head.Kind == TrainableHeadKind.Contrastive
                ? Cosines(features, head)
                : Apply(weights, features, $"heads.{head.Name}", head.Labels);
        }
        return units;
    }

    /// <summary>Hidden states of a row, [layer][token][channel].</summary>
    public double[][][] Forward(Dictionary<string, double[]> weights, TrainingBatch batch, int row)
    {
        var (start, length) = (row * batch.Length, batch.Lengths[row]);
        return Forward(weights, batch.Ids.AsSpan(start, length), batch.TokenTypes is { } types ? types.AsSpan(start, length) : []);
    }

    private static double[] Cosines(double[] features, TrainableHead head)
    {
        var cosines = new double[head.Labels];
        var length = Math.Sqrt(features.Sum(static x => x * x));
        for (var label = 0; label < cosines.Length; label++)
        {
            double dot = 0, anchor = 0;
            for (var i = 0; i < Hidden; i++)
            {
                dot += features[i] * head.Anchors[(label * Hidden) + i];
                anchor += (double)head.Anchors[(label * Hidden) + i] * head.Anchors[(label * Hidden) + i];
            }
            cosines[label] = dot / length / Math.Sqrt(anchor) / head.Temperature;
        }
        return cosines;
    }
}
