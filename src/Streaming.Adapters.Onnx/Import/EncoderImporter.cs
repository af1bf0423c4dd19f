using Streaming.Adapters.Onnx.Bert;
using Streaming.Adapters.Onnx.Running;
using Streaming.Core;
using Streaming.Core.Models;
using Streaming.Core.Models.Bundle;
using Streaming.Core.Models.Encoders;
using Streaming.Text.Tokenization;

namespace Streaming.Adapters.Onnx.Import;

/// <summary>Turns a Hugging Face checkpoint of the BERT family into a model bundle without heads. The same checkpoint and options give the same bundle.</summary>
public static class EncoderImporter
{
    private const string EncoderFile = "encoder.onnx";

    /// <summary>Imports a checkpoint, runs the result once, and puts it in its place.</summary>
    /// <param name="options">What and as what.</param>
    /// <param name="progress">Told how far it is; may be null.</param>
    /// <param name="cancellationToken">Observed between steps and texts; nothing stays behind.</param>
    /// <returns>The bundle, opened and verified.</returns>
    /// <exception cref="StreamingException">The checkpoint is missing, unsupported or damaged, or the bundle exists.</exception>
    public static async Task<ModelBundle> ImportAsync(EncoderImportOptions options, IProgress<EncoderImportProgress>? progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        progress?.Report(new EncoderImportProgress("reading", 0));
        var folder = new CheckpointFolder(options.Directory);
        var checkpoint = folder.OpenEncoder(out var weights);
        using var open = weights;
        var config = checkpoint.Config;
        var maxLength = CheckpointSettings.MaxSequenceLength(folder, config);
        var layers = options.Layers ?? [.. Enumerable.Range(0, config.Layers + 1)];

        var (tokenizer, tokenizerManifest) = folder.OpenTokenizer(config.Family);
        if (tokenizer.VocabularySize > config.Vocabulary)
            throw new StreamingException("model_config_invalid", $"The tokeniser knows {tokenizer.VocabularySize} tokens, the encoder {config.Vocabulary}: they do not belong together.");
        using var writer = new ModelBundleWriter(options.Output, options.Overwrite);
        var ranges = options.Precision == EncoderPrecision.Int8 ? Calibrate(checkpoint, tokenizer, options, maxLength, progress, cancellationToken) : null;

        progress?.Report(new EncoderImportProgress("writing", 0));
        var graph = BertGraph.Write(checkpoint, new BertGraphOptions { Precision = options.Precision, Layers = layers, Ranges = ranges, WeightBits = options.WeightBits });
        writer.Add(EncoderFile, graph);
        foreach (var file in tokenizerManifest.Files)
            writer.Add(file, folder.Read(file));
        if (folder.Has("LICENSE"))
            writer.Add("LICENSE", folder.Read("LICENSE"));
        var encoder = new EncoderManifest
        {
            File = EncoderFile,
            Family = config.Family,
            Precision = PrecisionName(options.Precision),
            Dimensions = config.Hidden,
            Layers = layers,
            MaxSequenceLength = maxLength,
        };

        progress?.Report(new EncoderImportProgress("checking", 0));
        cancellationToken.ThrowIfCancellationRequested();
        await CheckAsync(graph, encoder, tokenizer, cancellationToken).ConfigureAwait(false);
        var bundle = writer.Complete(new ModelManifest
        {
            Name = options.Name,
            Version = options.Version,
            Encoder = encoder,
            Tokenizer = tokenizerManifest,
            Licence = options.Licence ?? CheckpointSettings.Licence(folder) ?? "LicenseRef-unknown",
            Attribution = options.Attribution,
        });
        progress?.Report(new EncoderImportProgress("checking", 1));
        return bundle;
    }

    /// <summary>A precision as manifests and commands name it.</summary>
    public static string PrecisionName(EncoderPrecision precision) => precision switch
    {
        EncoderPrecision.Fp32 => "fp32",
        EncoderPrecision.Fp16 => "fp16",
        EncoderPrecision.Int8 => "int8",
        EncoderPrecision.Int8Dynamic => "int8-dynamic",
        _ => throw new InvalidOperationException($"No name for {precision}: this is a bug."),
    };

    private static ActivationRanges Calibrate(
        BertCheckpoint checkpoint, ITokenizer tokenizer, EncoderImportOptions options, int maxLength,
        IProgress<EncoderImportProgress>? progress, CancellationToken cancellationToken)
    {
        var sequences = CalibrationTexts.Encode(options.CalibrationTexts ?? CalibrationTexts.Shipped(), tokenizer, maxLength);
        return ActivationCalibrator.Measure(checkpoint, sequences, share => progress?.Report(new EncoderImportProgress("calibrating", share)), cancellationToken);
    }

    /// <summary>One text alone and beside a longer one: the numbers must be finite and the same.</summary>
    private static async Task CheckAsync(byte[] graph, EncoderManifest manifest, ITokenizer tokenizer, CancellationToken cancellationToken)
    {
        var tolerance = manifest.Precision == "fp16" ? 0.05f : 1e-4f;
        await using var runner = OnnxModelRunner.Open(graph, manifest, new OnnxRunnerOptions { Device = "cpu" });
        var texts = CalibrationTexts.Encode(["A short text.", "A text that is somewhat longer than the other one, so that there is padding."], tokenizer, manifest.MaxSequenceLength);
        using var alone = await runner.RunAsync([new TokenSequence(texts[0])], cancellationToken).ConfigureAwait(false);
        using var together = await runner.RunAsync([.. texts.Select(static ids => new TokenSequence(ids))], cancellationToken).ConfigureAwait(false);
        for (var layer = 0; layer < manifest.Layers.Count; layer++)
        {
            var expected = alone.Hidden(layer, 0);
            var actual = together.Hidden(layer, 0);
            for (var i = 0; i < expected.Length; i++)
            {
                // Dynamic scales are known to fail here; they exist to be compared with.
                if (!float.IsFinite(expected[i]) || (MathF.Abs(expected[i] - actual[i]) > tolerance && manifest.Precision != "int8-dynamic"))
                    throw new StreamingException("model_check_failed", $"The imported encoder gives numbers that are not finite or that depend on the batch (layer {manifest.Layers[layer]}). Try --precision fp32 and report the checkpoint.", ExitCode.CheckFailed);
            }
        }
    }
}
