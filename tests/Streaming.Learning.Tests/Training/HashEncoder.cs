using Streaming.Core.Models;
using Streaming.Core.Models.Bundle;

namespace Streaming.Learning.Tests.Training;

/// <summary>An encoder without a network: each token's vector is drawn from its id, its neighbours' ids mixed in. Bundles made of it need no ONNX.</summary>
public sealed class HashEncoder : IModelRunner
{
    private const int Width = 24;

    public EncoderInfo Info { get; } = new(Width, [1, 2], 64, "cpu");

    /// <summary>A bundle with this encoder and a vocabulary of letters and a few words.</summary>
    public static ModelBundle NewBundle(string directory, params string[] words)
    {
        using var writer = new ModelBundleWriter(directory);
        writer.Add("encoder.onnx", "not a graph"u8);
        var letters = "abcdefghijklmnopqrstuvwxyz0123456789".Select(c => c.ToString()).ToList();
        string[] vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ".", ",", "!", .. letters, .. letters.Select(l => "##" + l), .. words];
        writer.Add("vocab.txt", System.Text.Encoding.UTF8.GetBytes(string.Join('\n', vocabulary) + "\n"));
        return writer.Complete(new ModelManifest
        {
            Name = "hash",
            Version = "1",
            Encoder = new EncoderManifest { File = "encoder.onnx", Family = "bert", Precision = "fp32", Dimensions = Width, Layers = [1, 2], MaxSequenceLength = 64 },
            Tokenizer = new TokenizerManifest { Kind = "wordpiece", Files = ["vocab.txt"], LowerCase = true },
            Licence = "Apache-2.0",
            Attribution = ["The hash encoder."],
        });
    }

    public ValueTask<EncoderOutput> RunAsync(IReadOnlyList<TokenSequence> batch, CancellationToken cancellationToken) =>
        ValueTask.FromResult<EncoderOutput>(new Output([.. batch.Select(s => s.Ids.ToArray())]));

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private sealed class Output(int[][] rows) : EncoderOutput
    {
        public override int PaddedLength => rows.Max(r => r.Length);

        public override ReadOnlySpan<float> Hidden(int layer, int row)
        {
            var ids = rows[row];
            var hidden = new float[ids.Length * Width];
            for (var t = 0; t < ids.Length; t++)
            {
                for (var i = 0; i < Width; i++)
                {
                    hidden[(t * Width) + i] = Value(ids[t], i, layer)
                        + (0.3f * (t > 0 ? Value(ids[t - 1], i, layer + 7) : 0));
                }
            }

            return hidden;
        }

        public override void Dispose()
        {
        }

        private static float Value(int id, int column, int layer) =>
            (float)((new SeededRandom(((ulong)id << 20) + ((ulong)layer << 10) + (ulong)column).NextDouble() * 2) - 1);
    }
}
