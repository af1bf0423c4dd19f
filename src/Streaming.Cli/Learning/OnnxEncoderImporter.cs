using Streaming.Adapters.Onnx.Bert;
using Streaming.Adapters.Onnx.Import;
using Streaming.Adapters.Onnx.Running;
using Streaming.Cli.CommandLine;
using Streaming.Core.Models;
using Streaming.Core.Models.Bundle;
using Streaming.Learning.FineTuning;
using Streaming.Text.Tokenization;

namespace Streaming.Cli.Learning;

/// <summary>Imports what was trained as any checkpoint is imported.</summary>
internal sealed class OnnxEncoderImporter(CliContext context, EncoderPrecision precision, int threads, IProgress<EncoderImportProgress> progress) : IEncoderImporter
{
    public ITokenizer OpenTokenizer(string checkpoint)
    {
        var folder = new CheckpointFolder(checkpoint);
        return folder.OpenTokenizer(folder.ReadConfig().Family).Tokenizer;
    }

    public Task<ModelBundle> ImportAsync(string checkpoint, string output, IReadOnlyList<int> layers, IReadOnlyList<string> calibrationTexts, CancellationToken cancellationToken) =>
        EncoderImporter.ImportAsync(
            new EncoderImportOptions
            {
                Directory = checkpoint,
                Name = "fine-tuned",
                Output = output,
                Precision = precision,
                Layers = layers,
                CalibrationTexts = calibrationTexts,
            },
            progress,
            cancellationToken);

    public IModelRunner Open(ModelBundle bundle, IReadOnlyList<int> layers) => OnnxModelRunner.Open(bundle, new OnnxRunnerOptions
    {
        Layers = layers,
        MaxConcurrent = threads > 0 ? threads : Environment.ProcessorCount,
        Log = context.Say,
    });
}
