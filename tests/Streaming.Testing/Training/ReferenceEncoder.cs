using System.Text;
using System.Text.Json;
using Streaming.Learning.FineTuning;

namespace Streaming.Testing.Training;

/// <summary>
/// A BERT of some hundred weights in plain double arithmetic: what training must compute, written down without any of the
/// product's code. Derivatives are central differences over every single weight, so they owe nothing to anybody's calculus.
/// </summary>
public sealed class ReferenceEncoder
{
    public const int Hidden = 8, Layers = 2, Heads = 2, Intermediate = 12, Vocabulary = 14, Positions = 9, Types = 2;
    private const double Epsilon = 1e-12;

    private readonly Dictionary<string, (double[] Values, long[] Shape)> _tensors = new(StringComparer.Ordinal);

    /// <summary>An encoder with seeded weights.</summary>
    /// <param name="prefix">What names of tensors begin with.</param>
    /// <param name="activation">Of the feed-forward part.</param>
    /// <param name="family"><c>bert</c>, <c>distilbert</c>, <c>roberta</c> or <c>electra</c>.</param>
    public ReferenceEncoder(string prefix = "", string activation = "gelu", string family = "bert")
    {
        (Prefix, Activation, Family) = (prefix, activation, family);
        var random = new Random(20260607);
        Add("embeddings.word_embeddings.weight", Vocabulary, Embedding);
        Add("embeddings.position_embeddings.weight", Positions + Offset, Embedding);
        if (Family != "distilbert")
            Add("embeddings.token_type_embeddings.weight", Family == "roberta" ? 1 : Types, Embedding);
        Norm("embeddings.LayerNorm", Embedding);
        if (Embedding != Hidden)
            Dense("embeddings_project", Hidden, Embedding);
        for (var layer = 0; layer < Layers; layer++)
        {
            foreach (var part in new[] { "query", "key", "value", "output" })
                Dense(Part(layer, part), Hidden, Hidden);
            Norm(Part(layer, "attention_norm"), Hidden);
            Dense(Part(layer, "up"), Intermediate, Hidden);
            Dense(Part(layer, "down"), Hidden, Intermediate);
            Norm(Part(layer, "output_norm"), Hidden);
        }

        void Dense(string name, int outputs, int inputs)
        {
            Add($"{name}.weight", outputs, inputs);
            Add($"{name}.bias", outputs);
        }

        void Norm(string name, int width)
        {
            Add($"{name}.weight", width);
            Add($"{name}.bias", width);
            foreach (ref var value in _tensors[Prefix + name + ".weight"].Values.AsSpan())
                value = (float)(1 + value);
        }

        void Add(string name, params long[] shape)
        {
            var values = new double[shape.Aggregate(1L, static (product, size) => product * size)];
            foreach (ref var value in values.AsSpan())
                value = (float)((random.NextDouble() - 0.5) * 0.8);
            _tensors.Add(Prefix + name, (values, shape));
        }
    }

    public string Prefix { get; }

    public string Activation { get; }

    public string Family { get; }

    private int Embedding => Family == "electra" ? 6 : Hidden;

    private int Offset => Family == "roberta" ? 2 : 0;

    /// <summary>What a backend is given.</summary>
    public EncoderCheckpoint Checkpoint() => new(
        Encoding.UTF8.GetBytes(JsonSerializer.Serialize(Config())),
        _tensors.ToDictionary(static t => t.Key, static t => new CheckpointTensor(t.Value.Shape, Array.ConvertAll(t.Value.Values, static v => (float)v))));

    private Dictionary<string, object> Config() => Family == "distilbert"
        ? new()
        {
            ["model_type"] = Family,
            ["dim"] = Hidden,
            ["n_layers"] = Layers,
            ["n_heads"] = Heads,
            ["hidden_dim"] = Intermediate,
            ["vocab_size"] = Vocabulary,
            ["max_position_embeddings"] = Positions,
            ["activation"] = Activation,
        }
        : new()
        {
            ["model_type"] = Family,
            ["hidden_size"] = Hidden,
            ["embedding_size"] = Embedding,
            ["num_hidden_layers"] = Layers,
            ["num_attention_heads"] = Heads,
            ["intermediate_size"] = Intermediate,
            ["vocab_size"] = Vocabulary,
            ["max_position_embeddings"] = Positions + Offset,
            ["type_vocab_size"] = Family == "roberta" ? 1 : Types,
            ["layer_norm_eps"] = Epsilon,
            ["hidden_act"] = Activation,
            ["pad_token_id"] = Offset - 1 < 0 ? 0 : Offset - 1,
        };

    private string Part(int layer, string part) => Family == "distilbert"
        ? $"transformer.layer.{layer}." + part switch
        {
            "output" => "attention.out_lin",
            "attention_norm" => "sa_layer_norm",
            "up" => "ffn.lin1",
            "down" => "ffn.lin2",
            "output_norm" => "output_layer_norm",
            _ => $"attention.{part[0]}_lin",
        }
        : $"encoder.layer.{layer}." + part switch
        {
            "output" => "attention.output.dense",
            "attention_norm" => "attention.output.LayerNorm",
            "up" => "intermediate.dense",
            "down" => "output.dense",
            "output_norm" => "output.LayerNorm",
            _ => $"attention.self.{part}",
        };

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
        var weights = _tensors.ToDictionary(static t => t.Key, static t => (double[])t.Value.Values.Clone());
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
        var states = new double[Layers + 1][][];
        var hidden = new double[batch.Lengths[row]][];
        for (var t = 0; t < hidden.Length; t++)
        {
            var place = (row * batch.Length) + t;
            var sum = new double[Embedding];
            for (var i = 0; i < Embedding; i++)
            {
                sum[i] = weights[Prefix + "embeddings.word_embeddings.weight"][(batch.Ids[place] * Embedding) + i]
                    + weights[Prefix + "embeddings.position_embeddings.weight"][((t + Offset) * Embedding) + i]
                    + (Family == "distilbert" ? 0 : weights[Prefix + "embeddings.token_type_embeddings.weight"][((batch.TokenTypes?[place] ?? 0) * Embedding) + i]);
            }
            sum = Normalize(weights, sum, Prefix + "embeddings.LayerNorm");
            hidden[t] = Embedding == Hidden ? sum : Apply(weights, sum, Prefix + "embeddings_project", Hidden);
        }
        states[0] = hidden;
        for (var number = 0; number < Layers; number++)
        {
            var layer = number;
            states[layer + 1] = hidden = Layer(weights, hidden, part => Prefix + Part(layer, part));
        }
        return states;
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

    private double[][] Layer(Dictionary<string, double[]> weights, double[][] hidden, Func<string, string> name)
    {
        const int width = Hidden / Heads;
        double[][] Projected(string part) => Array.ConvertAll(hidden, h => Apply(weights, h, name(part), Hidden));
        var (query, key, value) = (Projected("query"), Projected("key"), Projected("value"));
        var result = new double[hidden.Length][];
        var scores = new double[hidden.Length];
        for (var t = 0; t < hidden.Length; t++)
        {
            var context = new double[Hidden];
            for (var head = 0; head < Heads; head++)
            {
                double total = 0;
                for (var other = 0; other < hidden.Length; other++)
                {
                    double score = 0;
                    for (var i = head * width; i < (head + 1) * width; i++)
                        score += query[t][i] * key[other][i];
                    total += scores[other] = Math.Exp(score / Math.Sqrt(width));
                }
                for (var other = 0; other < hidden.Length; other++)
                {
                    for (var i = head * width; i < (head + 1) * width; i++)
                        context[i] += scores[other] / total * value[other][i];
                }
            }
            var attended = Normalize(weights, Sum(Apply(weights, context, name("output"), Hidden), hidden[t]), name("attention_norm"));
            var up = Array.ConvertAll(Apply(weights, attended, name("up"), Intermediate), Activate);
            result[t] = Normalize(weights, Sum(Apply(weights, up, name("down"), Hidden), attended), name("output_norm"));
        }
        return result;
    }

    private double Activate(double x) => Activation switch
    {
        "relu" => Math.Max(0, x),
        "gelu_new" => 0.5 * x * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (x + (0.044715 * x * x * x)))),
        _ => 0.5 * x * (1 + Erf(x / Math.Sqrt(2))),
    };

    /// <summary>Maclaurin series; arguments here stay small.</summary>
    private static double Erf(double x)
    {
        double term = x, sum = x;
        for (var n = 1; n < 60; n++)
        {
            term *= -x * x / n;
            sum += term / ((2 * n) + 1);
        }
        return 2 / Math.Sqrt(Math.PI) * sum;
    }

    private static double[] Sum(double[] a, double[] b)
    {
        var sum = new double[a.Length];
        for (var i = 0; i < sum.Length; i++)
            sum[i] = a[i] + b[i];
        return sum;
    }

    private static double[] Apply(Dictionary<string, double[]> weights, double[] input, string name, int outputs)
    {
        var (weight, bias) = (weights[name + ".weight"], weights[name + ".bias"]);
        var result = new double[outputs];
        for (var o = 0; o < outputs; o++)
        {
            result[o] = bias[o];
            for (var i = 0; i < input.Length; i++)
                result[o] += input[i] * weight[(o * input.Length) + i];
        }
        return result;
    }

    private static double[] Normalize(Dictionary<string, double[]> weights, double[] input, string name)
    {
        var (scale, shift) = (weights[name + ".weight"], weights[name + ".bias"]);
        var mean = input.Average();
        double variance = 0;
        foreach (var x in input)
            variance += (x - mean) * (x - mean) / input.Length;
        var deviation = Math.Sqrt(variance + Epsilon);
        var result = new double[input.Length];
        for (var i = 0; i < result.Length; i++)
            result[i] = ((input[i] - mean) / deviation * scale[i]) + shift[i];
        return result;
    }
}
