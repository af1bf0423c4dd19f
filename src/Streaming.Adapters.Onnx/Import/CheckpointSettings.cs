using System.Text;
using System.Text.Json;
using Streaming.Core;
using Streaming.Core.Models.Encoders;

namespace Streaming.Adapters.Onnx.Import;

/// <summary>What the smaller files beside a checkpoint's weights say.</summary>
internal static class CheckpointSettings
{
    /// <summary>Whether text is lower-cased, by the tokeniser's own file or by <c>tokenizer_config.json</c>.</summary>
    public static bool LowerCase(CheckpointFolder folder, string tokenizerFile)
    {
        if (tokenizerFile == "tokenizer.json")
            return Flag(folder.Read(tokenizerFile), tokenizerFile, "normalizer", "lowercase") ?? false;
        const string settings = "tokenizer_config.json";
        return tokenizerFile == "vocab.txt" && (!folder.Has(settings) || (Flag(folder.Read(settings), settings, null, "do_lower_case") ?? true));
    }

    /// <summary>Longest sequence: what the authors trained it for, where they say so; its positions may reach further.</summary>
    public static int MaxSequenceLength(CheckpointFolder folder, BertConfig config)
    {
        const string settings = "sentence_bert_config.json";
        if (!folder.Has(settings))
            return config.MaxSequence;
        var stated = Value(folder.Read(settings), settings, null, "max_seq_length");
        return stated is { ValueKind: JsonValueKind.Number } value && value.TryGetInt32(out var length) && length >= 3
            ? Math.Min(length, config.MaxSequence)
            : config.MaxSequence;
    }

    /// <summary>The <c>license:</c> line of a model card's front matter; null when there is none.</summary>
    public static string? Licence(CheckpointFolder folder)
    {
        const string card = "README.md";
        const int mostLines = 200;
        if (!folder.Has(card))
            return null;
        using var reader = new StringReader(Encoding.UTF8.GetString(folder.Read(card)));
        if (reader.ReadLine() != "---")
            return null;
        for (var number = 0; number < mostLines && reader.ReadLine() is { } line && line != "---"; number++)
        {
            if (line.StartsWith("license:", StringComparison.Ordinal) && line["license:".Length..].Trim() is { Length: > 0 and <= 64 } licence)
                return licence == "apache-2.0" ? "Apache-2.0" : licence == "mit" ? "MIT" : licence;
        }
        return null;
    }

    private static bool? Flag(byte[] json, string file, string? parent, string name) =>
        Value(json, file, parent, name) is { ValueKind: JsonValueKind.True or JsonValueKind.False } value ? value.GetBoolean() : null;

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
}
