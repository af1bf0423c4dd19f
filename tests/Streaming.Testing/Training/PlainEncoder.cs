using System.Text.Json;

namespace Streaming.Testing.Training;

/// <summary>Sizes of a <see cref="PlainEncoder"/>.</summary>
/// <param name="Hidden">Width of a hidden state.</param>
/// <param name="Layers">Layers.</param>
/// <param name="Heads">Heads of attention.</param>
/// <param name="Intermediate">Width inside the feed-forward part.</param>
/// <param name="Vocabulary">Tokens.</param>
/// <param name="Positions">Longest row.</param>
/// <param name="Embedding">Width of the embeddings where the family may have narrower ones (ELECTRA).</param>
public sealed record PlainShape(int Hidden, int Layers, int Heads, int Intermediate, int Vocabulary, int Positions, int Embedding);

/// <summary>
/// An encoder of a family with seeded weights, and what it computes: written down plainly in double precision, without any of the product's
/// code, so that the product's graphs, forward and backward, can be held to it.
/// </summary>
public abstract class PlainEncoder
{
    /// <summary>DeBERTa: rows of distances each way, and the distance that shares the last one.</summary>
    protected const int Span = 6, MaxDistance = 24;

    private readonly Dictionary<string, (double[] Values, long[] Shape)> _tensors = new(StringComparer.Ordinal);
    private readonly (string Scale, string Shift) _norm;

    /// <summary>Draws the weights.</summary>
    /// <param name="shape">Sizes.</param>
    /// <param name="family"><c>bert</c>, <c>distilbert</c>, <c>roberta</c>, <c>xlm-roberta</c>, <c>electra</c> or <c>deberta-v2</c>.</param>
    /// <param name="prefix">What names of tensors begin with.</param>
    /// <param name="activation">Of the feed-forward part.</param>
    /// <param name="spread">Weights lie within half of it around nothing.</param>
    /// <param name="oldNormNames">Whether normalisations are named as TensorFlow names them.</param>
    /// <param name="sharesProjections">DeBERTa: whether distances go through the tokens' own projections.</param>
    protected PlainEncoder(PlainShape shape, string family, string prefix, string activation, double spread, bool oldNormNames = false, bool sharesProjections = true)
    {
        (Shape, Family, Prefix, Activation, SharesProjections) = (shape, family, prefix, activation, sharesProjections);
        _norm = oldNormNames ? ("gamma", "beta") : ("weight", "bias");
        var random = new Random(20260607);
        Add("embeddings.word_embeddings.weight", shape.Vocabulary, Embedding);
        if (!IsDeberta)
            Add("embeddings.position_embeddings.weight", shape.Positions + Offset, Embedding);
        if (Types > 0)
            Add("embeddings.token_type_embeddings.weight", Types, Embedding);
        Norm("embeddings.LayerNorm", Embedding);
        if (Embedding != shape.Hidden)
            Dense("embeddings_project", shape.Hidden, Embedding);
        if (IsDeberta)
        {
            Add("encoder.rel_embeddings.weight", 2 * Span, shape.Hidden);
            Norm("encoder.LayerNorm", shape.Hidden);
        }

        for (var layer = 0; layer < shape.Layers; layer++)
        {
            string[] square = IsDeberta && !sharesProjections ? ["query", "key", "value", "pos_key", "pos_query", "output"] : ["query", "key", "value", "output"];
            foreach (var part in square)
                Dense(Part(layer, part), shape.Hidden, shape.Hidden);
            Norm(Part(layer, "attention_norm"), shape.Hidden);
            Dense(Part(layer, "up"), shape.Intermediate, shape.Hidden);
            Dense(Part(layer, "down"), shape.Hidden, shape.Intermediate);
            Norm(Part(layer, "output_norm"), shape.Hidden);
        }

        void Dense(string name, int outputs, int inputs)
        {
            Add($"{name}.weight", outputs, inputs);
            Add($"{name}.bias", outputs);
        }

        void Norm(string name, int width)
        {
            Add($"{name}.{_norm.Scale}", width);
            Add($"{name}.{_norm.Shift}", width);
            foreach (ref var value in _tensors[$"{Prefix}{name}.{_norm.Scale}"].Values.AsSpan())
                value = (float)(1 + (value / spread));
        }

        void Add(string name, params long[] sizes)
        {
            var values = new double[sizes.Aggregate(1L, static (product, size) => product * size)];
            foreach (ref var value in values.AsSpan())
                value = (float)((random.NextDouble() - 0.5) * spread);
            _tensors.Add(Prefix + name, (values, sizes));
        }
    }

    /// <summary>Sizes.</summary>
    public PlainShape Shape { get; }

    /// <summary>The family.</summary>
    public string Family { get; }

    /// <summary>What names of tensors begin with.</summary>
    public string Prefix { get; }

    /// <summary>Of the feed-forward part.</summary>
    public string Activation { get; }

    /// <summary>DeBERTa: whether distances go through the tokens' own projections.</summary>
    public bool SharesProjections { get; }

    /// <summary>Names in the file, values and shapes; the values are singles.</summary>
    public IEnumerable<(string Name, float[] Values, long[] Shape)> Tensors =>
        _tensors.Select(static pair => (pair.Key, Array.ConvertAll(pair.Value.Values, static value => (float)value), pair.Value.Shape));

    /// <summary>Its <c>config.json</c>.</summary>
    public string ConfigJson => JsonSerializer.Serialize(Family == "distilbert" ? Distilled() : Plain());

    private int Embedding => Family == "electra" ? Shape.Embedding : Shape.Hidden;

    private int Offset => Family is "roberta" or "xlm-roberta" ? 2 : 0;

    private int Types => Family is "bert" or "electra" ? 2 : Family is "roberta" or "xlm-roberta" ? 1 : 0;

    private bool IsDeberta => Family == "deberta-v2";

    private double Epsilon => Family is "bert" or "electra" or "distilbert" ? 1e-12 : IsDeberta ? 1e-7 : 1e-5;

    /// <summary>The weights, to be changed at will.</summary>
    protected Dictionary<string, double[]> CopyWeights() => _tensors.ToDictionary(static t => t.Key, static t => (double[])t.Value.Values.Clone());

    /// <summary>The weights as they are; not to be changed.</summary>
    protected Dictionary<string, double[]> OwnWeights() => _tensors.ToDictionary(static t => t.Key, static t => t.Value.Values);

    /// <summary>Hidden states of a row, [layer][token][channel].</summary>
    /// <param name="weights">By the names of <see cref="Tensors"/>.</param>
    /// <param name="ids">Tokens.</param>
    /// <param name="types">Segment of each; empty: the first.</param>
    protected double[][][] Forward(Dictionary<string, double[]> weights, ReadOnlySpan<int> ids, ReadOnlySpan<int> types)
    {
        var states = new double[Shape.Layers + 1][][];
        var hidden = new double[ids.Length][];
        for (var t = 0; t < hidden.Length; t++)
        {
            var sum = new double[Embedding];
            for (var i = 0; i < sum.Length; i++)
            {
                sum[i] = weights[Prefix + "embeddings.word_embeddings.weight"][(ids[t] * Embedding) + i]
                    + (IsDeberta ? 0 : weights[Prefix + "embeddings.position_embeddings.weight"][((t + Offset) * Embedding) + i])
                    + (Types == 0 ? 0 : weights[Prefix + "embeddings.token_type_embeddings.weight"][((types.IsEmpty ? 0 : types[t]) * Embedding) + i]);
            }

            sum = Normalize(weights, sum, Prefix + "embeddings.LayerNorm");
            hidden[t] = Embedding == Shape.Hidden ? sum : Apply(weights, sum, Prefix + "embeddings_project", Shape.Hidden);
        }

        states[0] = hidden;
        for (var layer = 0; layer < Shape.Layers; layer++)
            states[layer + 1] = hidden = ForwardLayer(weights, hidden, layer);
        return states;
    }

    /// <summary>input · weightᵀ + bias.</summary>
    protected static double[] Apply(Dictionary<string, double[]> weights, double[] input, string name, int outputs)
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

    private double[][] ForwardLayer(Dictionary<string, double[]> weights, double[][] hidden, int layer)
    {
        var width = Shape.Hidden / Shape.Heads;
        double[][] Projected(double[][] rows, string part) => Array.ConvertAll(rows, row => Apply(weights, row, Prefix + Part(layer, part), Shape.Hidden));
        var (query, key, value) = (Projected(hidden, "query"), Projected(hidden, "key"), Projected(hidden, "value"));
        var table = IsDeberta ? Distances(weights) : [];
        var (distanceKeys, distanceQueries) = (Projected(table, SharesProjections ? "key" : "pos_key"), Projected(table, SharesProjections ? "query" : "pos_query"));
        var scale = Math.Sqrt(width * (IsDeberta ? 3 : 1));
        var result = new double[hidden.Length][];
        var scores = new double[hidden.Length];
        for (var t = 0; t < hidden.Length; t++)
        {
            var context = new double[Shape.Hidden];
            for (var head = 0; head < Shape.Heads; head++)
            {
                var (from, to) = (head * width, (head + 1) * width);
                for (var other = 0; other < hidden.Length; other++)
                {
                    double score = 0;
                    for (var i = from; i < to; i++)
                        score += query[t][i] * key[other][i];
                    if (IsDeberta)
                    {
                        var row = Bucket(t - other);
                        for (var i = from; i < to; i++)
                            score += (query[t][i] * distanceKeys[row][i]) + (key[other][i] * distanceQueries[row][i]);
                    }

                    scores[other] = score / scale;
                }

                var (top, total) = (scores.Max(), 0.0);
                for (var other = 0; other < hidden.Length; other++)
                    total += scores[other] = Math.Exp(scores[other] - top);
                for (var other = 0; other < hidden.Length; other++)
                {
                    for (var i = from; i < to; i++)
                        context[i] += scores[other] / total * value[other][i];
                }
            }

            var attended = Normalize(weights, Sum(Apply(weights, context, Prefix + Part(layer, "output"), Shape.Hidden), hidden[t]), Prefix + Part(layer, "attention_norm"));
            var up = Array.ConvertAll(Apply(weights, attended, Prefix + Part(layer, "up"), Shape.Intermediate), Activate);
            result[t] = Normalize(weights, Sum(Apply(weights, up, Prefix + Part(layer, "down"), Shape.Hidden), attended), Prefix + Part(layer, "output_norm"));
        }

        return result;
    }

    private double[][] Distances(Dictionary<string, double[]> weights)
    {
        var table = weights[Prefix + "encoder.rel_embeddings.weight"];
        return [.. Enumerable.Range(0, 2 * Span).Select(row => Normalize(weights, table[(row * Shape.Hidden)..((row + 1) * Shape.Hidden)], Prefix + "encoder.LayerNorm"))];
    }

    /// <summary>Near distances have a row each, far ones share rows whose width grows with the logarithm.</summary>
    private static int Bucket(int distance)
    {
        const int middle = Span / 2;
        var far = Math.Abs(distance);
        if (far > middle)
        {
            var logarithmic = Math.Ceiling(Math.Log((double)far / middle) / Math.Log((MaxDistance - 1.0) / middle) * (middle - 1)) + middle;
            distance = (int)logarithmic * Math.Sign(distance);
        }

        return Math.Min(Math.Max(distance + Span, 0), (2 * Span) - 1);
    }

    private double[] Normalize(Dictionary<string, double[]> weights, double[] input, string name)
    {
        var (scale, shift) = (weights[$"{name}.{_norm.Scale}"], weights[$"{name}.{_norm.Shift}"]);
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

    private static double[] Sum(double[] a, double[] b)
    {
        var sum = new double[a.Length];
        for (var i = 0; i < sum.Length; i++)
            sum[i] = a[i] + b[i];
        return sum;
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
        for (var n = 1; Math.Abs(term) > 1e-18 * Math.Abs(sum); n++)
        {
            term *= -x * x / n;
            sum += term / ((2 * n) + 1);
        }

        return 2 / Math.Sqrt(Math.PI) * sum;
    }

    /// <summary>How a family names a part of a layer.</summary>
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
            _ => IsDeberta ? $"attention.self.{part}_proj" : $"attention.self.{part}",
        };

    private Dictionary<string, object> Distilled() => new()
    {
        ["model_type"] = Family,
        ["dim"] = Shape.Hidden,
        ["n_layers"] = Shape.Layers,
        ["n_heads"] = Shape.Heads,
        ["hidden_dim"] = Shape.Intermediate,
        ["vocab_size"] = Shape.Vocabulary,
        ["max_position_embeddings"] = Shape.Positions,
        ["activation"] = Activation,
    };

    private Dictionary<string, object> Plain()
    {
        var config = new Dictionary<string, object>
        {
            ["model_type"] = Family,
            ["hidden_size"] = Shape.Hidden,
            ["num_hidden_layers"] = Shape.Layers,
            ["num_attention_heads"] = Shape.Heads,
            ["intermediate_size"] = Shape.Intermediate,
            ["vocab_size"] = Shape.Vocabulary,
            ["max_position_embeddings"] = Shape.Positions + Offset,
            ["type_vocab_size"] = Types,
            ["layer_norm_eps"] = Epsilon,
            ["hidden_act"] = Activation,
        };
        if (Offset > 0)
            config["pad_token_id"] = 1;
        if (Family == "electra")
            config["embedding_size"] = Embedding;
        if (IsDeberta)
        {
            config["relative_attention"] = true;
            config["position_buckets"] = Span;
            config["max_relative_positions"] = MaxDistance;
            config["position_biased_input"] = false;
            config["pos_att_type"] = "p2c|c2p";
            config["share_att_key"] = SharesProjections;
            config["norm_rel_ebd"] = "layer_norm";
        }

        return config;
    }
}
