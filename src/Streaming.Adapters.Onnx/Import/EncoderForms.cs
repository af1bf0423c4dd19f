using Streaming.Adapters.Onnx.Bert;
using Streaming.Core.Models.Bundle;

namespace Streaming.Adapters.Onnx.Import;

/// <summary>Writes a checkpoint's encoder in several forms, to be measured side by side.</summary>
public static class EncoderForms
{
    /// <summary>Single precision, half precision, 8-bit, and 8-bit with weights of 7 for CPUs whose 8-bit products can overflow.</summary>
    public static IReadOnlyList<string> Names { get; } = ["fp32", "fp16", "int8", "int8-7"];

    /// <summary>Writes the forms; calibration is done once.</summary>
    /// <param name="directory">Hugging Face folder.</param>
    /// <param name="names">Which of <see cref="Names"/>.</param>
    /// <param name="layers">Layers to give out, ascending; null: all.</param>
    /// <param name="progress">Told how far it is; may be null.</param>
    /// <param name="cancellationToken">Observed between texts and forms.</param>
    public static IReadOnlyList<EncoderForm> Write(
        string directory, IReadOnlyList<string> names, IReadOnlyList<int>? layers, IProgress<EncoderImportProgress>? progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(names);
        var folder = new CheckpointFolder(directory);
        var checkpoint = folder.OpenEncoder(out var weights);
        using var open = weights;
        var config = checkpoint.Config;
        var maxLength = CheckpointSettings.MaxSequenceLength(folder, config);
        int[] given = layers is null ? [.. Enumerable.Range(0, config.Layers + 1)] : [.. layers];
        ActivationRanges? ranges = null;
        if (names.Any(IsInt8))
        {
            var tokenizer = folder.OpenTokenizer(config.Family).Tokenizer;
            ranges = ActivationCalibrator.Measure(
                checkpoint, CalibrationTexts.Encode(CalibrationTexts.Shipped(), tokenizer, maxLength), share => progress?.Report(new EncoderImportProgress("calibrating", share)), cancellationToken);
        }
        var forms = new List<EncoderForm>();
        foreach (var name in names)
        {
            cancellationToken.ThrowIfCancellationRequested();
            progress?.Report(new EncoderImportProgress("writing", (double)forms.Count / names.Count));
            var precision = IsInt8(name) ? EncoderPrecision.Int8 : name == "fp16" ? EncoderPrecision.Fp16 : EncoderPrecision.Fp32;
            var graph = BertGraph.Write(checkpoint, new BertGraphOptions { Precision = precision, Layers = given, Ranges = ranges, WeightBits = name == "int8-7" ? 7 : 8 });
            forms.Add(new EncoderForm(name, new EncoderManifest
            {
                File = "encoder.onnx",
                Family = config.Family,
                Precision = EncoderImporter.PrecisionName(precision),
                Dimensions = config.Hidden,
                Layers = given,
                MaxSequenceLength = maxLength,
            }, graph));
        }
        return forms;
    }

    private static bool IsInt8(string name) => name is "int8" or "int8-7";
}
