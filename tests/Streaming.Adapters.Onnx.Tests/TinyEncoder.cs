using System.Text;
using System.Text.Json;
using Streaming.Adapters.Onnx.Bert;
using Streaming.Core.Models.Bundle;
using Streaming.Core.Models.Encoders;

namespace Streaming.Adapters.Onnx.Tests;

/// <summary>An encoder of a family with a few thousand seeded weights, and what it computes, written down plainly in double precision.</summary>
internal class TinyEncoder
{
    public const int Hidden = 32, Layers = 2, Heads = 4, Intermediate = 64, Vocabulary = 60, Positions = 40;
    public const int Span = 6, MaxDistance = 24;

    private readonly Dictionary<string, (float[] Values, long[] Shape)> _tensors = [];

    public TinyEncoder(string family, string prefix = "", bool oldNormNames = false, string activation = "gelu", bool sharesProjections = true, int vocabulary = Vocabulary)
    {
        (Family, Prefix, Activation, SharesProjections, VocabularySize) = (family, prefix, activation, sharesProjections, vocabulary);
        var random = new Random(20240607);
        (string scale, string shift) = oldNormNames ? ("gamma", "beta") : ("weight", "bias");
        Add("embeddings.word_embeddings.weight", vocabulary, Embedding);
        if (!IsDeberta)
            Add("embeddings.position_embeddings.weight", Positions + Offset, Embedding);
        if (Types > 0)
            Add("embeddings.token_type_embeddings.weight", Types, Embedding);
        Norm("embeddings.LayerNorm", Embedding);
        if (Embedding != Hidden)
            Dense("embeddings_project", Hidden, Embedding);
        if (IsDeberta)
        {
            Add("encoder.rel_embeddings.weight", 2 * Span, Hidden);
            Norm("encoder.LayerNorm", Hidden);
        }
        for (var layer = 0; layer < Layers; layer++)
        {
            foreach (var part in new[] { "query", "key", "value" })
                Dense(Name(layer, part), Hidden, Hidden);
            if (IsDeberta && !sharesProjections)
            {
                Dense(Name(layer, "pos_key"), Hidden, Hidden);
                Dense(Name(layer, "pos_query"), Hidden, Hidden);
            }
            Dense(Name(layer, "output"), Hidden, Hidden);
            Norm(Name(layer, "attention_norm"), Hidden);
            Dense(Name(layer, "up"), Intermediate, Hidden);
            Dense(Name(layer, "down"), Hidden, Intermediate);
            Norm(Name(layer, "output_norm"), Hidden);
        }

        void Dense(string name, int outputs, int inputs)
        {
            Add($"{name}.weight", outputs, inputs);
            Add($"{name}.bias", outputs);
        }

        void Norm(string name, int width)
        {
            Add($"{name}.{scale}", width);
            Add($"{name}.{shift}", width);
            foreach (ref var value in _tensors[$"{name}.{scale}"].Values.AsSpan())
                value = 1 + (value * 2);
        }

        void Add(string name, params long[] shape)
        {
            var values = new float[shape.Aggregate(1L, static (product, size) => product * size)];
            foreach (ref var value in values.AsSpan())
                value = (float)((random.NextDouble() - 0.5) * 0.5);
            _tensors.Add(name, (values, shape));
        }
    }

    public string Family { get; }

    public string Prefix { get; }

    public string Activation { get; }

    public bool SharesProjections { get; }

    public int VocabularySize { get; }

    /// <summary>Names in the file, values and shapes.</summary>
    public IEnumerable<(string Name, float[] Values, long[] Shape)> Tensors => _tensors.Select(pair => (Prefix + pair.Key, pair.Value.Values, pair.Value.Shape));

    public int Embedding => Family == "electra" ? 16 : Hidden;

    public int Offset => Family is "roberta" or "xlm-roberta" ? 2 : 0;

    public int Types => Family is "bert" or "electra" ? 2 : Family is "roberta" or "xlm-roberta" ? 1 : 0;

    public string ConfigJson => JsonSerializer.Serialize(Family == "distilbert" ? Distilled() : Plain());

    public BertConfig Config => BertConfig.Parse(Encoding.UTF8.GetBytes(ConfigJson));

    private bool IsDeberta => Family == "deberta-v2";

    private double Epsilon => Family is "bert" or "electra" or "distilbert" ? 1e-12 : Family == "deberta-v2" ? 1e-7 : 1e-5;

    public byte[] Safetensors(string? without = null) => Write(name => name != without);

    public BertCheckpoint Checkpoint(string? without = null) => new(Config, SafetensorsFile.FromBytes(Safetensors(without), "tiny"));

    /// <summary>A folder as Hugging Face lays it out, with a vocabulary of single letters.</summary>
    /// <param name="directory">The folder.</param>
    /// <param name="shards">Files the weights are spread over; 1: one file without an index.</param>
    public void WriteFolder(string directory, int shards = 1)
    {
        Directory.CreateDirectory(directory);
        File.WriteAllText(Path.Combine(directory, "config.json"), ConfigJson);
        if (shards == 1)
            File.WriteAllBytes(Path.Combine(directory, "model.safetensors"), Safetensors());
        else
            WriteShards(directory, shards);
        var pieces = new List<string> { "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]" };
        for (var letter = 'a'; letter <= 'z'; letter++)
            pieces.AddRange([letter.ToString(), "##" + letter]);
        pieces.AddRange([".", ","]);
        File.WriteAllLines(Path.Combine(directory, "vocab.txt"), pieces);
        File.WriteAllText(Path.Combine(directory, "LICENSE"), "public domain\n");
        File.WriteAllText(Path.Combine(directory, "README.md"), "---\nlicense: apache-2.0\n---\n# tiny\n");
    }

    public EncoderManifest ManifestOf(string precision = "fp32") => new()
    {
        File = "encoder.onnx",
        Family = Family,
        Precision = precision,
        Dimensions = Hidden,
        Layers = [0, 1, 2],
        MaxSequenceLength = Positions,
    };

    public static int[] Sequence(int seed, int length)
    {
        var random = new Random(seed);
        var ids = new int[length];
        foreach (ref var id in ids.AsSpan())
            id = random.Next(Vocabulary);
        return ids;
    }

    /// <summary>Hidden states of every layer, [layer][token][channel].</summary>
    public double[][][] Forward(int[] ids, int[]? types = null)
    {
        var states = new List<double[][]>();
        var hidden = new double[ids.Length][];
        for (var t = 0; t < ids.Length; t++)
        {
            var sum = new double[Embedding];
            for (var i = 0; i < Embedding; i++)
            {
                sum[i] = Value("embeddings.word_embeddings.weight", (ids[t] * Embedding) + i)
                    + (IsDeberta ? 0 : Value("embeddings.position_embeddings.weight", ((t + Offset) * Embedding) + i))
                    + (Types == 0 ? 0 : Value("embeddings.token_type_embeddings.weight", ((types?[t] ?? 0) * Embedding) + i));
            }
            hidden[t] = Normalize(sum, "embeddings.LayerNorm");
            if (Embedding != Hidden)
                hidden[t] = Apply(hidden[t], "embeddings_project", Hidden);
        }
        states.Add(hidden);
        for (var layer = 0; layer < Layers; layer++)
            states.Add(hidden = ForwardLayer(hidden, layer));
        return [.. states];
    }

    /// <summary>How a family names a part of a layer.</summary>
    private string Name(int layer, string part)
    {
        if (Family == "distilbert")
        {
            return $"transformer.layer.{layer}." + part switch
            {
                "query" => "attention.q_lin",
                "key" => "attention.k_lin",
                "value" => "attention.v_lin",
                "output" => "attention.out_lin",
                "attention_norm" => "sa_layer_norm",
                "up" => "ffn.lin1",
                "down" => "ffn.lin2",
                _ => "output_layer_norm",
            };
        }
        return $"encoder.layer.{layer}." + part switch
        {
            "output" => "attention.output.dense",
            "attention_norm" => "attention.output.LayerNorm",
            "up" => "intermediate.dense",
            "down" => "output.dense",
            "output_norm" => "output.LayerNorm",
            _ => IsDeberta ? $"attention.self.{part}_proj" : $"attention.self.{part}",
        };
    }

    private Dictionary<string, object> Distilled() => new()
    {
        ["model_type"] = Family,
        ["dim"] = Hidden,
        ["n_layers"] = Layers,
        ["n_heads"] = Heads,
        ["hidden_dim"] = Intermediate,
        ["vocab_size"] = VocabularySize,
        ["max_position_embeddings"] = Positions,
        ["activation"] = Activation,
    };

    private Dictionary<string, object> Plain()
    {
        var config = new Dictionary<string, object>
        {
            ["model_type"] = Family,
            ["hidden_size"] = Hidden,
            ["num_hidden_layers"] = Layers,
            ["num_attention_heads"] = Heads,
            ["intermediate_size"] = Intermediate,
            ["vocab_size"] = VocabularySize,
            ["max_position_embeddings"] = Positions + Offset,
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

    private byte[] Write(Func<string, bool> takes)
    {
        var writer = new SafetensorsWriter();
        foreach (var (name, (values, shape)) in _tensors)
        {
            if (takes(name))
                writer.Add(Prefix + name, values, shape);
        }
        return writer.ToBytes();
    }

    private void WriteShards(string directory, int shards)
    {
        var owners = _tensors.Keys.Select((name, index) => (name, file: $"model-{index % shards + 1:d5}-of-{shards:d5}.safetensors")).ToDictionary(pair => pair.name, pair => pair.file);
        foreach (var file in owners.Values.Distinct())
            File.WriteAllBytes(Path.Combine(directory, file), Write(name => owners[name] == file));
        var index = new { metadata = new { total_size = 1 }, weight_map = owners.ToDictionary(pair => Prefix + pair.Key, pair => pair.Value) };
        File.WriteAllText(Path.Combine(directory, "model.safetensors.index.json"), JsonSerializer.Serialize(index));
    }

    private double[][] ForwardLayer(double[][] hidden, int layer)
    {
        const int width = Hidden / Heads;
        double[][] Project(string part) => Array.ConvertAll(hidden, h => Apply(h, Name(layer, part), Hidden));
        var (query, key, value) = (Project("query"), Project("key"), Project("value"));
        var (distanceKeys, distanceQueries) = Distances(layer);
        var result = new double[hidden.Length][];
        for (var t = 0; t < hidden.Length; t++)
        {
            var context = new double[Hidden];
            for (var head = 0; head < Heads; head++)
            {
                var scores = new double[hidden.Length];
                for (var other = 0; other < hidden.Length; other++)
                {
                    var row = IsDeberta ? Bucket(t - other) : 0;
                    for (var i = head * width; i < (head + 1) * width; i++)
                    {
                        scores[other] += query[t][i] * key[other][i];
                        if (IsDeberta)
                            scores[other] += (query[t][i] * distanceKeys[row][i]) + (key[other][i] * distanceQueries[row][i]);
                    }
                    scores[other] /= Math.Sqrt(width * (IsDeberta ? 3 : 1));
                }
                var top = scores.Max();
                var total = scores.Sum(score => Math.Exp(score - top));
                for (var other = 0; other < hidden.Length; other++)
                {
                    for (var i = head * width; i < (head + 1) * width; i++)
                        context[i] += Math.Exp(scores[other] - top) / total * value[other][i];
                }
            }
            var attended = Normalize(Sum(Apply(context, Name(layer, "output"), Hidden), hidden[t]), Name(layer, "attention_norm"));
            var up = Array.ConvertAll(Apply(attended, Name(layer, "up"), Intermediate), Activate);
            result[t] = Normalize(Sum(Apply(up, Name(layer, "down"), Hidden), attended), Name(layer, "output_norm"));
        }
        return result;
    }

    private (double[][] Keys, double[][] Queries) Distances(int layer)
    {
        if (!IsDeberta)
            return ([], []);
        var table = Enumerable.Range(0, 2 * Span).Select(row => Normalize(
            [.. Enumerable.Range(0, Hidden).Select(i => Value("encoder.rel_embeddings.weight", (row * Hidden) + i))], "encoder.LayerNorm")).ToArray();
        double[][] Through(string part) => Array.ConvertAll(table, row => Apply(row, Name(layer, part), Hidden));
        return (Through(SharesProjections ? "key" : "pos_key"), Through(SharesProjections ? "query" : "pos_query"));
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
        for (var n = 1; n < 200; n++)
        {
            term *= -x * x / n;
            sum += term / ((2 * n) + 1);
        }
        return 2 / Math.Sqrt(Math.PI) * sum;
    }

    private static double[] Sum(double[] a, double[] b) => a.Zip(b, static (x, y) => x + y).ToArray();

    private double Value(string name, int index) => _tensors[name].Values[index];

    private double[] Apply(double[] input, string name, int outputs)
    {
        var result = new double[outputs];
        for (var o = 0; o < outputs; o++)
        {
            result[o] = Value($"{name}.bias", o);
            for (var i = 0; i < input.Length; i++)
                result[o] += input[i] * Value($"{name}.weight", (o * input.Length) + i);
        }
        return result;
    }

    private double[] Normalize(double[] input, string name)
    {
        var (scale, shift) = _tensors.ContainsKey($"{name}.gamma") ? ("gamma", "beta") : ("weight", "bias");
        var mean = input.Average();
        var deviation = Math.Sqrt(input.Average(x => (x - mean) * (x - mean)) + Epsilon);
        return input.Select((x, i) => ((x - mean) / deviation * Value($"{name}.{scale}", i)) + Value($"{name}.{shift}", i)).ToArray();
    }
}
