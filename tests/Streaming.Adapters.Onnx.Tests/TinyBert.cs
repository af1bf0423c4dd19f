using System.Text;
using System.Text.Json;
using Streaming.Adapters.Onnx.Bert;
using Streaming.Core.Models.Bundle;
using Streaming.Core.Models.Encoders;

namespace Streaming.Adapters.Onnx.Tests;

/// <summary>A BERT of a few thousand seeded weights, and what it computes, written down plainly in double precision.</summary>
internal sealed class TinyBert
{
    public const int Hidden = 32, Layers = 2, Heads = 4, Intermediate = 64, Vocabulary = 60, Positions = 40, Types = 2;
    private const double Epsilon = 1e-12;

    private readonly Dictionary<string, (float[] Values, long[] Shape)> _tensors = [];

    public TinyBert(string prefix = "", bool oldNormNames = false, string activation = "gelu")
    {
        (Prefix, Activation) = (prefix, activation);
        var random = new Random(20240607);
        (string scale, string shift) = oldNormNames ? ("gamma", "beta") : ("weight", "bias");
        Add("embeddings.word_embeddings.weight", Vocabulary, Hidden);
        Add("embeddings.position_embeddings.weight", Positions, Hidden);
        Add("embeddings.token_type_embeddings.weight", Types, Hidden);
        Norm("embeddings.LayerNorm");
        for (var layer = 0; layer < Layers; layer++)
        {
            var name = $"encoder.layer.{layer}";
            foreach (var part in new[] { "query", "key", "value" })
                Dense($"{name}.attention.self.{part}", Hidden, Hidden);
            Dense($"{name}.attention.output.dense", Hidden, Hidden);
            Norm($"{name}.attention.output.LayerNorm");
            Dense($"{name}.intermediate.dense", Intermediate, Hidden);
            Dense($"{name}.output.dense", Hidden, Intermediate);
            Norm($"{name}.output.LayerNorm");
        }

        void Dense(string name, int outputs, int inputs)
        {
            Add($"{name}.weight", outputs, inputs);
            Add($"{name}.bias", outputs);
        }

        void Norm(string name)
        {
            Add($"{name}.{scale}", Hidden);
            Add($"{name}.{shift}", Hidden);
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

    public string Prefix { get; }

    public string Activation { get; }

    public string ConfigJson => JsonSerializer.Serialize(new Dictionary<string, object>
    {
        ["model_type"] = "bert",
        ["hidden_size"] = Hidden,
        ["num_hidden_layers"] = Layers,
        ["num_attention_heads"] = Heads,
        ["intermediate_size"] = Intermediate,
        ["vocab_size"] = Vocabulary,
        ["max_position_embeddings"] = Positions,
        ["type_vocab_size"] = Types,
        ["layer_norm_eps"] = Epsilon,
        ["hidden_act"] = Activation,
    });

    public BertConfig Config => BertConfig.Parse(Encoding.UTF8.GetBytes(ConfigJson));

    public byte[] Safetensors(string? without = null)
    {
        var writer = new SafetensorsWriter();
        foreach (var (name, (values, shape)) in _tensors)
        {
            if (name != without)
                writer.Add(Prefix + name, values, shape);
        }
        return writer.ToBytes();
    }

    public BertCheckpoint Checkpoint(string? without = null) => new(Config, SafetensorsFile.FromBytes(Safetensors(without), "tiny"));

    /// <summary>A folder as Hugging Face lays it out, with a vocabulary of single letters.</summary>
    public void WriteFolder(string directory)
    {
        Directory.CreateDirectory(directory);
        File.WriteAllText(Path.Combine(directory, "config.json"), ConfigJson);
        File.WriteAllBytes(Path.Combine(directory, "model.safetensors"), Safetensors());
        var pieces = new List<string> { "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]" };
        for (var letter = 'a'; letter <= 'z'; letter++)
            pieces.AddRange([letter.ToString(), "##" + letter]);
        pieces.AddRange([".", ","]);
        File.WriteAllLines(Path.Combine(directory, "vocab.txt"), pieces);
        File.WriteAllText(Path.Combine(directory, "LICENSE"), "public domain\n");
        File.WriteAllText(Path.Combine(directory, "README.md"), "---\nlicense: apache-2.0\n---\n# tiny\n");
    }

    public static EncoderManifest Manifest(string precision = "fp32", params int[] layers) => new()
    {
        File = "encoder.onnx",
        Family = "bert",
        Precision = precision,
        Dimensions = Hidden,
        Layers = layers.Length > 0 ? layers : [0, 1, 2],
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
            hidden[t] = new double[Hidden];
            for (var i = 0; i < Hidden; i++)
            {
                hidden[t][i] = Value("embeddings.word_embeddings.weight", (ids[t] * Hidden) + i)
                    + Value("embeddings.position_embeddings.weight", (t * Hidden) + i)
                    + Value("embeddings.token_type_embeddings.weight", ((types?[t] ?? 0) * Hidden) + i);
            }
            hidden[t] = Normalize(hidden[t], "embeddings.LayerNorm");
        }
        states.Add(hidden);
        for (var layer = 0; layer < Layers; layer++)
            states.Add(hidden = ForwardLayer(hidden, $"encoder.layer.{layer}"));
        return [.. states];
    }

    private double[][] ForwardLayer(double[][] hidden, string name)
    {
        const int width = Hidden / Heads;
        var query = Array.ConvertAll(hidden, h => Apply(h, $"{name}.attention.self.query", Hidden));
        var key = Array.ConvertAll(hidden, h => Apply(h, $"{name}.attention.self.key", Hidden));
        var value = Array.ConvertAll(hidden, h => Apply(h, $"{name}.attention.self.value", Hidden));
        var result = new double[hidden.Length][];
        for (var t = 0; t < hidden.Length; t++)
        {
            var context = new double[Hidden];
            for (var head = 0; head < Heads; head++)
            {
                var scores = key.Select(k => Enumerable.Range(head * width, width).Sum(i => query[t][i] * k[i]) / Math.Sqrt(width)).ToArray();
                var top = scores.Max();
                var total = scores.Sum(score => Math.Exp(score - top));
                for (var other = 0; other < hidden.Length; other++)
                {
                    for (var i = head * width; i < (head + 1) * width; i++)
                        context[i] += Math.Exp(scores[other] - top) / total * value[other][i];
                }
            }
            var attended = Normalize(Sum(Apply(context, $"{name}.attention.output.dense", Hidden), hidden[t]), $"{name}.attention.output.LayerNorm");
            var up = Array.ConvertAll(Apply(attended, $"{name}.intermediate.dense", Intermediate), Activate);
            result[t] = Normalize(Sum(Apply(up, $"{name}.output.dense", Hidden), attended), $"{name}.output.LayerNorm");
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
