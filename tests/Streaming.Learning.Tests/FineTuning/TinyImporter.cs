using Streaming.Core.Models;
using Streaming.Core.Models.Bundle;
using Streaming.Learning.FineTuning;
using Streaming.Text.Tokenization;

namespace Streaming.Learning.Tests.FineTuning;

/// <summary>Makes bundles whose "graph" is the folder of a <see cref="TinyBackend"/> checkpoint, and runs them.</summary>
internal sealed class TinyImporter : IEncoderImporter
{
    public const int Width = 16;

    public IReadOnlyList<string> Calibrated { get; private set; } = [];

    /// <summary>A checkpoint with small seeded embeddings.</summary>
    public static string NewCheckpoint(string directory, params string[] words)
    {
        Directory.CreateDirectory(directory);
        var letters = "abcdefghijklmnopqrstuvwxyz".Select(c => c.ToString()).ToList();
        string[] vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ".", ",", .. letters, .. letters.Select(l => "##" + l), .. words];
        File.WriteAllText(Path.Combine(directory, "vocab.txt"), string.Join('\n', vocabulary) + "\n");
        File.WriteAllText(Path.Combine(directory, "config.json"), $$"""{"model_type":"tiny","hidden_size":{{Width}}}""");
        var random = new SeededRandom(3);
        var writer = new SafetensorsWriter();
        writer.Add("embeddings.word_embeddings.weight", [.. Enumerable.Range(0, vocabulary.Length * Width).Select(_ => (float)(random.NextDouble() - 0.5) * 0.2f)], vocabulary.Length, Width);
        File.WriteAllBytes(Path.Combine(directory, "model.safetensors"), writer.ToBytes());
        return directory;
    }

    public ITokenizer OpenTokenizer(string checkpoint) => TokenizerLoader.Load(checkpoint);

    public Task<ModelBundle> ImportAsync(string checkpoint, string output, IReadOnlyList<int> layers, IReadOnlyList<string> calibrationTexts, CancellationToken cancellationToken)
    {
        Calibrated = calibrationTexts;
        using var writer = new ModelBundleWriter(output);
        writer.Add("encoder.onnx", File.ReadAllBytes(Path.Combine(checkpoint, "model.safetensors")));
        writer.Add("vocab.txt", File.ReadAllBytes(Path.Combine(checkpoint, "vocab.txt")));
        return Task.FromResult(writer.Complete(new ModelManifest
        {
            Name = "tiny",
            Version = "1",
            Encoder = new EncoderManifest { File = "encoder.onnx", Family = "bert", Precision = "fp32", Dimensions = Width, Layers = layers, MaxSequenceLength = 64 },
            Tokenizer = new TokenizerManifest { Kind = "wordpiece", Files = ["vocab.txt"], LowerCase = true },
            Licence = "MIT",
        }));
    }

    public IModelRunner Open(ModelBundle bundle, IReadOnlyList<int> layers)
    {
        using var file = SafetensorsFile.Open(Path.Combine(bundle.Directory, "encoder.onnx"));
        return new Runner(file.ReadSingles(file.Tensors["embeddings.word_embeddings.weight"]), layers);
    }

    private sealed class Runner(float[] embeddings, IReadOnlyList<int> layers) : IModelRunner
    {
        public EncoderInfo Info { get; } = new(Width, layers, 64, "cpu");

        public ValueTask<EncoderOutput> RunAsync(IReadOnlyList<TokenSequence> batch, CancellationToken cancellationToken) =>
            ValueTask.FromResult<EncoderOutput>(new Output(embeddings, [.. batch.Select(s => s.Ids.ToArray())]));

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    private sealed class Output(float[] embeddings, int[][] rows) : EncoderOutput
    {
        public override int PaddedLength => rows.Max(r => r.Length);

        public override ReadOnlySpan<float> Hidden(int layer, int row)
        {
            var ids = rows[row];
            var hidden = new float[ids.Length * Width];
            for (var t = 0; t < ids.Length; t++)
            {
                for (var i = 0; i < Width; i++)
                    hidden[(t * Width) + i] = embeddings[(ids[t] * Width) + i] + (t > 0 ? 0.3f * embeddings[(ids[t - 1] * Width) + i] : 0);
            }

            return hidden;
        }

        public override void Dispose()
        {
        }
    }
}
