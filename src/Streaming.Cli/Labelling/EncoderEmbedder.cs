using Streaming.Core.Models;
using Streaming.Core.Models.Bundle;
using Streaming.Learning.Labelling;
using Streaming.Text.Analysis;
using Streaming.Text.Features;
using Streaming.Text.Tokenization;

namespace Streaming.Cli.Labelling;

/// <summary>Texts as the mean of a bundle's last layer: near enough to say which labelled examples are like a text.</summary>
internal sealed class EncoderEmbedder(ModelBundle bundle, IModelRunner runner) : ITextEmbedder, IAsyncDisposable
{
    private readonly FeatureExtractor _extractor = new(
        TokenizerLoader.Load(bundle), runner, FeatureLayout.Create(runner.Info, HeadUnit.Document, [runner.Info.Layers[^1]], wordShape: false), new WindowOptions { MaxWindows = 1 });

    public async ValueTask<IReadOnlyList<float[]>> EmbedAsync(IReadOnlyList<string> texts, CancellationToken cancellationToken)
    {
        var vectors = new float[texts.Count][];
        await _extractor.ExtractAsync(
            [.. texts.Select(static text => new FeatureText(text))],
            (text, _, features) => vectors[text] = features.IsEmpty ? new float[_extractor.Layout.Inputs] : features.ToArray(), null, cancellationToken);
        return vectors;
    }

    public ValueTask DisposeAsync() => runner.DisposeAsync();
}
