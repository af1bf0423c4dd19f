using System.Text.Json;
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
    private const string WeightsFile = "model.safetensors";
    private const int MaxTextFile = 64 * 1024 * 1024;

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
        var config = BertConfig.Parse(ReadFile(options.Directory, "config.json"));
        var tokenizerFile = File.Exists(Path.Combine(options.Directory, "tokenizer.json")) ? "tokenizer.json" : "vocab.txt";
        var tokenizerBytes = ReadFile(options.Directory, tokenizerFile);
        var lowerCase = LowerCase(options.Directory, tokenizerFile, tokenizerBytes);
        var maxLength = MaxSequenceLength(options.Directory, config);
        using var weights = SafetensorsFile.Open(Path.Combine(options.Directory, WeightsFile));
        var checkpoint = new BertCheckpoint(config, weights);
        var layers = options.Layers ?? [.. Enumerable.Range(0, config.Layers + 1)];

        using var writer = new ModelBundleWriter(options.Output, options.Overwrite);
        var tokenizer = TokenizerLoader.Load(Path.Combine(options.Directory, tokenizerFile), new TokenizerFileOptions { Lowercase = lowerCase, Family = "bert" });
        if (tokenizer.VocabularySize > config.Vocabulary)
            throw new StreamingException("model_config_invalid", $"The tokeniser knows {tokenizer.VocabularySize} tokens, the encoder {config.Vocabulary}: they do not belong together.");
        var ranges = options.Precision == EncoderPrecision.Int8 ? Calibrate(checkpoint, tokenizer, options, maxLength, progress, cancellationToken) : null;

        progress?.Report(new EncoderImportProgress("writing", 0));
        var graph = BertGraph.Write(checkpoint, new BertGraphOptions { Precision = options.Precision, Layers = layers, Ranges = ranges, WeightBits = options.WeightBits });
        writer.Add(EncoderFile, graph);
        writer.Add(tokenizerFile, tokenizerBytes);
        if (File.Exists(Path.Combine(options.Directory, "LICENSE")))
            writer.Add("LICENSE", ReadFile(options.Directory, "LICENSE"));
        var encoder = new EncoderManifest
        {
            File = EncoderFile,
            Family = "bert",
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
            Tokenizer = new TokenizerManifest { Kind = tokenizer.Kind, Files = [tokenizerFile], LowerCase = lowerCase },
            Licence = options.Licence ?? ReadmeLicence(options.Directory) ?? "LicenseRef-unknown",
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
        const float tolerance = 1e-4f;
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

    private static byte[] ReadFile(string directory, string name)
    {
        var path = Path.Combine(directory, name);
        if (!File.Exists(path))
            throw new StreamingException("model_not_found", $"'{directory}' has no {name}. Give the folder of a Hugging Face checkpoint with config.json, {WeightsFile} and tokenizer.json or vocab.txt.");
        if (new FileInfo(path).Length > MaxTextFile)
            throw new StreamingException("model_config_invalid", $"{name} is larger than {MaxTextFile} bytes.");
        return File.ReadAllBytes(path);
    }

    private static bool LowerCase(string directory, string tokenizerFile, byte[] tokenizer)
    {
        if (tokenizerFile == "tokenizer.json")
            return Flag(tokenizer, tokenizerFile, "normalizer", "lowercase") ?? true;
        const string settings = "tokenizer_config.json";
        return !File.Exists(Path.Combine(directory, settings)) || (Flag(ReadFile(directory, settings), settings, null, "do_lower_case") ?? true);
    }

    private static bool? Flag(byte[] json, string file, string? parent, string name) =>
        Value(json, file, parent, name) is { ValueKind: JsonValueKind.True or JsonValueKind.False } value ? value.GetBoolean() : null;

    private static int MaxSequenceLength(string directory, BertConfig config)
    {
        // What the checkpoint's authors trained it for, where they say so; its positions may reach further.
        const string settings = "sentence_bert_config.json";
        if (!File.Exists(Path.Combine(directory, settings)))
            return config.Positions;
        var stated = Value(ReadFile(directory, settings), settings, null, "max_seq_length");
        return stated is { ValueKind: JsonValueKind.Number } value && value.TryGetInt32(out var length) && length >= 3
            ? Math.Min(length, config.Positions)
            : config.Positions;
    }

    private static JsonElement? Value(byte[] json, string file, string? parent, string name)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            var element = document.RootElement;
            if (parent is not null && !(element.ValueKind == JsonValueKind.Object && element.TryGetProperty(parent, out element)))
                return null;
            return element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) ? value.Clone() : null;
        }
        catch (JsonException e)
        {
            throw new StreamingException("model_config_invalid", $"{file} is refused: {e.Message}", ExitCode.Usage, e);
        }
    }

    /// <summary>The <c>license:</c> line of a model card's front matter.</summary>
    private static string? ReadmeLicence(string directory)
    {
        var path = Path.Combine(directory, "README.md");
        if (!File.Exists(path))
            return null;
        var lines = File.ReadLines(path).Take(200).ToArray();
        if (lines is not ["---", ..])
            return null;
        foreach (var line in lines.Skip(1).TakeWhile(static line => line != "---"))
        {
            if (line.StartsWith("license:", StringComparison.Ordinal) && line["license:".Length..].Trim() is { Length: > 0 and <= 64 } licence)
                return licence == "apache-2.0" ? "Apache-2.0" : licence == "mit" ? "MIT" : licence;
        }
        return null;
    }
}
