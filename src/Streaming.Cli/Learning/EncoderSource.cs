using Streaming.Adapters.Onnx.Bert;
using Streaming.Adapters.Onnx.Import;
using Streaming.Cli.CommandLine;
using Streaming.Cli.Composition;
using Streaming.Core;
using Streaming.Core.Models.Bundle;

namespace Streaming.Cli.Learning;

/// <summary>The bundle an encoder comes from; a Hugging Face folder is imported for as long as this lives.</summary>
internal sealed class EncoderSource : IDisposable
{
    private readonly string? _scratch;

    private EncoderSource(ModelBundle bundle, string? scratch) => (Bundle, _scratch) = (bundle, scratch);

    /// <summary>The bundle.</summary>
    public ModelBundle Bundle { get; }

    /// <summary>Opens a bundle by name or folder, or imports a Hugging Face folder.</summary>
    public static async Task<EncoderSource> OpenAsync(
        CliContext context, string? data, string name, EncoderPrecision precision, IProgress<EncoderImportProgress> progress, CancellationToken cancellationToken)
    {
        if (!IsCheckpoint(name))
            return new EncoderSource(ModelBundle.Open(BundleLocator.Find(context, data, name)), scratch: null);
        var scratch = Directory.CreateTempSubdirectory("streaming-import-").FullName;
        try
        {
            var options = new EncoderImportOptions
            {
                Directory = name,
                Name = NameOf(name),
                Output = Path.Combine(scratch, "encoder"),
                Precision = precision,
            };
            return new EncoderSource(await EncoderImporter.ImportAsync(options, progress, cancellationToken), scratch);
        }
        catch
        {
            Directory.Delete(scratch, recursive: true);
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_scratch is not null && Directory.Exists(_scratch))
            Directory.Delete(_scratch, recursive: true);
    }

    /// <summary>The folder of a checkpoint: fine-tuning needs the weights as they were trained, which a bundle no longer has.</summary>
    /// <exception cref="StreamingException"><c>checkpoint_needed</c>.</exception>
    public static string Checkpoint(string name) => IsCheckpoint(name)
        ? Path.GetFullPath(name)
        : throw new StreamingException("checkpoint_needed", $"fine-tuning starts from a Hugging Face folder (config.json, model.safetensors, tokenizer.json); '{name}' is none. Name one with --encoder, with encoder in the recipe, or for a retraining with retraining.fine_tuning.checkpoint.");

    private static bool IsCheckpoint(string name) =>
        Directory.Exists(name) && !File.Exists(Path.Combine(name, ModelBundle.ManifestName)) && File.Exists(Path.Combine(name, "config.json"));

    /// <summary>The folder's name in the letters a bundle's name may have.</summary>
    private static string NameOf(string folder)
    {
        var name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder))).ToLowerInvariant();
        var kept = string.Concat(name.Select(static c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' ? c : '-')).Trim('.', '-', '_');
        return kept.Length == 0 ? "encoder" : kept[..Math.Min(kept.Length, 64)];
    }
}
