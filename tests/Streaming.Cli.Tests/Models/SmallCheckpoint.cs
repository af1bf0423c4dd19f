using Streaming.Core.Models.Bundle;

namespace Streaming.Cli.Tests.Models;

/// <summary>A Hugging Face folder of a BERT of two layers with seeded weights.</summary>
internal static class SmallCheckpoint
{
    private const int Hidden = 32;
    private const int Wide = 64;

    /// <summary>Writes it.</summary>
    public static string Write(string folder, params string[] words)
    {
        Directory.CreateDirectory(folder);
        var letters = "abcdefghijklmnopqrstuvwxyz".Select(static c => c.ToString()).ToList();
        string[] vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ".", .. letters, .. letters.Select(static l => "##" + l), .. words];
        File.WriteAllText(Path.Combine(folder, "vocab.txt"), string.Join('\n', vocabulary) + "\n");
        File.WriteAllText(
            Path.Combine(folder, "config.json"),
            $$"""{"model_type":"bert","hidden_size":{{Hidden}},"num_hidden_layers":2,"num_attention_heads":2,"intermediate_size":{{Wide}},"vocab_size":{{vocabulary.Length}},"max_position_embeddings":64,"type_vocab_size":2,"hidden_act":"gelu"}""");
        var random = new Random(5);
        var writer = new SafetensorsWriter();
        Matrix("embeddings.word_embeddings", vocabulary.Length, Hidden);
        Matrix("embeddings.position_embeddings", 64, Hidden);
        Matrix("embeddings.token_type_embeddings", 2, Hidden);
        Norm("embeddings.LayerNorm");
        for (var layer = 0; layer < 2; layer++)
        {
            foreach (var part in (string[])["query", "key", "value"])
                Dense($"encoder.layer.{layer}.attention.self.{part}", Hidden, Hidden);
            Dense($"encoder.layer.{layer}.attention.output.dense", Hidden, Hidden);
            Norm($"encoder.layer.{layer}.attention.output.LayerNorm");
            Dense($"encoder.layer.{layer}.intermediate.dense", Wide, Hidden);
            Dense($"encoder.layer.{layer}.output.dense", Hidden, Wide);
            Norm($"encoder.layer.{layer}.output.LayerNorm");
        }

        File.WriteAllBytes(Path.Combine(folder, "model.safetensors"), writer.ToBytes());
        return folder;

        void Dense(string name, int outputs, int inputs)
        {
            Matrix(name, outputs, inputs);
            writer.Add(name + ".bias", new float[outputs], outputs);
        }

        void Matrix(string name, int rows, int columns) =>
            writer.Add(name + ".weight", Enumerable.Range(0, rows * columns).Select(_ => (float)(random.NextDouble() - 0.5) * 0.4f).ToArray(), rows, columns);

        void Norm(string name)
        {
            writer.Add(name + ".weight", Enumerable.Repeat(1f, Hidden).ToArray(), Hidden);
            writer.Add(name + ".bias", new float[Hidden], Hidden);
        }
    }
}
