using System.Text;
using System.Text.Json;
using Streaming.Adapters.Onnx.Bert;
using Streaming.Core.Models.Bundle;
using Streaming.Core.Models.Encoders;
using Streaming.Testing.Training;

namespace Streaming.Adapters.Onnx.Tests;

/// <summary>An encoder of a family with a few thousand seeded weights, as files that can be imported.</summary>
internal class TinyEncoder(string family, string prefix = "", bool oldNormNames = false, string activation = "gelu", bool sharesProjections = true, int vocabulary = TinyEncoder.Vocabulary)
    : PlainEncoder(new PlainShape(Hidden, Layers, Heads, 64, vocabulary, Positions, 16), family, prefix, activation, spread: 0.5, oldNormNames, sharesProjections)
{
    public const int Hidden = 32, Layers = 2, Heads = 4, Vocabulary = 60, Positions = 40;

    public BertConfig Config => BertConfig.Parse(Encoding.UTF8.GetBytes(ConfigJson));

    public byte[] Safetensors(string? without = null) => Write(name => name != Prefix + without);

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
    public double[][][] Forward(int[] ids, int[]? types = null) => Forward(OwnWeights(), ids, types);

    private byte[] Write(Func<string, bool> takes)
    {
        var writer = new SafetensorsWriter();
        foreach (var (name, values, shape) in Tensors)
        {
            if (takes(name))
                writer.Add(name, values, shape);
        }
        return writer.ToBytes();
    }

    private void WriteShards(string directory, int shards)
    {
        var owners = Tensors.Select((tensor, index) => (name: tensor.Name, file: $"model-{index % shards + 1:d5}-of-{shards:d5}.safetensors")).ToDictionary(pair => pair.name, pair => pair.file);
        foreach (var file in owners.Values.Distinct())
            File.WriteAllBytes(Path.Combine(directory, file), Write(name => owners[name] == file));
        var index = new { metadata = new { total_size = 1 }, weight_map = owners };
        File.WriteAllText(Path.Combine(directory, "model.safetensors.index.json"), JsonSerializer.Serialize(index));
    }
}
