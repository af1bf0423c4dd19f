using Streaming.Core.Models;
using Streaming.Core.Models.Bundle;
using Streaming.Text.Analysis;
using Streaming.Text.Heads;
using Streaming.Text.Tests.Tokenization;
using Streaming.Text.Tokenization;
using Streaming.Text.Words;

namespace Streaming.Text.Tests.Analysis;

/// <summary>Models with drawn weights on <see cref="HashingRunner"/>.</summary>
internal static class Models
{
    private static readonly Lazy<WordPieceTokenizer> LazyTokenizer =
        new(() => GoldenTokenizers.FromVocabulary("wordpiece/vocab.txt", lowercase: true, allowSpecial: false));

    internal static WordPieceTokenizer Tokenizer => LazyTokenizer.Value;

    internal static EnrichmentModel FourHeads(HashingRunner? runner = null, WindowOptions? windows = null)
    {
        runner ??= new HashingRunner();
        string[] entities = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"];
        string[] aspects = ["O", "B-positive", "I-positive", "B-negative", "I-negative"];
        return new EnrichmentModel(
            new ModelIdentity("test", "1", new Dictionary<string, string>()), Tokenizer, runner,
            [
                Drawn("ner", HeadTask.Ner, HeadKind.Crf, entities, [1, 2], wordShape: true, runner.Info, 1),
                Drawn("absa", HeadTask.Absa, HeadKind.Softmax, aspects, [1, 2], wordShape: true, runner.Info, 2),
                Drawn("topic", HeadTask.Topic, HeadKind.Softmax, ["a", "b", "c", "d"], [2], wordShape: false, runner.Info, 3),
                Drawn("sentiment", HeadTask.Sentiment, HeadKind.Softmax, ["negative", "neutral", "positive"], [1, 2], wordShape: false, runner.Info, 4),
            ],
            new EnrichmentModelOptions { Windows = windows ?? new WindowOptions { Stride = 8 } });
    }

    internal static Head Drawn(string name, HeadTask task, HeadKind kind, string[] labels, int[] layers, bool wordShape, EncoderInfo info, int seed)
    {
        var random = new Random(seed);
        var inputs = layers.Length * info.Dimensions + (wordShape ? WordShape.Dimensions : 0);
        var unit = task is HeadTask.Ner or HeadTask.Absa ? HeadUnit.Token : HeadUnit.Document;
        return new Head(
            Manifest(name, task, kind, unit, labels, layers, wordShape), info, Draw(labels.Length * inputs), Draw(labels.Length),
            kind == HeadKind.Crf ? (Draw(labels.Length), Draw(labels.Length * labels.Length), Draw(labels.Length)) : null);

        float[] Draw(int count) => [.. Enumerable.Range(0, count).Select(_ => (float)(random.NextDouble() * 2 - 1))];
    }

    internal static HeadManifest Manifest(string name, HeadTask task, HeadKind kind, HeadUnit unit, string[] labels, int[] layers, bool wordShape) => new()
    {
        Name = name,
        Task = task,
        Kind = kind,
        Unit = unit,
        Labels = labels,
        Layers = layers,
        WordShape = wordShape,
        Temperature = 1.5,
        File = $"heads/{name}.safetensors",
    };
}
