using System.Text.Json;
using Streaming.Core;

namespace Streaming.Text.Tokenization;

/// <summary>Reads WordPiece vocabularies: one piece a line, or Hugging Face's <c>tokenizer.json</c>.</summary>
internal static class WordPieceFile
{
    internal static (IReadOnlyDictionary<string, int> Vocabulary, WordPieceOptions Options) Read(string name, byte[] bytes, WordPieceOptions options) =>
        name.EndsWith(".json", StringComparison.OrdinalIgnoreCase)
            ? ReadJson(bytes, options.AllowSpecialTokensInText, name)
            : ReadLines(bytes, options);

    internal static StreamingException Invalid(string what) =>
        new("tokenizer_invalid", $"The tokeniser can't be used: {what}. Import the model again or restore its tokeniser file.");

    private static (IReadOnlyDictionary<string, int>, WordPieceOptions) ReadLines(byte[] bytes, WordPieceOptions options)
    {
        var vocabulary = new Dictionary<string, int>(StringComparer.Ordinal);
        var reader = new StringReader(System.Text.Encoding.UTF8.GetString(bytes));
        for (var id = 0; reader.ReadLine() is { } line; id++)
            vocabulary[line.TrimEnd()] = id;
        if (options.AddedTokens.Count == 0)
        {
            var added = new[] { options.StartToken, options.EndToken, options.UnknownToken, options.PaddingToken, "[MASK]" }
                .Where(vocabulary.ContainsKey).ToDictionary(token => token, token => vocabulary[token]);
            options = options with { AddedTokens = added };
        }

        return (vocabulary, options);
    }

    private static (IReadOnlyDictionary<string, int>, WordPieceOptions) ReadJson(byte[] bytes, bool allowSpecial, string path)
    {
        try
        {
            using var document = JsonDocument.Parse(bytes);
            return ReadJson(document.RootElement, allowSpecial);
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new StreamingException("tokenizer_invalid", $"'{path}' is not a tokenizer.json of a WordPiece model: {error.Message}", ExitCode.Usage, error);
        }
    }

    private static (IReadOnlyDictionary<string, int>, WordPieceOptions) ReadJson(JsonElement root, bool allowSpecial)
    {
        var model = root.GetProperty("model");
        Expect("WordPiece", model, "model");
        var normalizer = root.GetProperty("normalizer");
        Expect("BertNormalizer", normalizer, "normalizer");
        Expect("BertPreTokenizer", root.GetProperty("pre_tokenizer"), "pre_tokenizer");
        var lowercase = Flag(normalizer, "lowercase", true);
        var strip = Flag(normalizer, "strip_accents", lowercase);
        if (strip != lowercase || !Flag(normalizer, "clean_text", true) || !Flag(normalizer, "handle_chinese_chars", true))
        {
            throw new StreamingException("tokenizer_unsupported",
                "Only BERT's two normalisers are supported: cased, or lower case with accents stripped; both with clean_text and handle_chinese_chars.");
        }

        var vocabulary = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var piece in model.GetProperty("vocab").EnumerateObject())
            vocabulary[piece.Name] = piece.Value.GetInt32();
        var added = new Dictionary<string, int>(StringComparer.Ordinal);
        if (root.TryGetProperty("added_tokens", out var tokens) && tokens.ValueKind == JsonValueKind.Array)
        {
            foreach (var token in tokens.EnumerateArray())
            {
                var content = token.GetProperty("content").GetString() ?? "";
                if (content.Length == 0)
                    continue;
                added[content] = token.GetProperty("id").GetInt32();
                vocabulary[content] = added[content];
            }
        }

        return (vocabulary, new WordPieceOptions
        {
            Lowercase = lowercase,
            AllowSpecialTokensInText = allowSpecial,
            MaxInputCharsPerWord = model.TryGetProperty("max_input_chars_per_word", out var limit) ? limit.GetInt32() : 100,
            ContinuingSubwordPrefix = Word(model, "continuing_subword_prefix", "##"),
            UnknownToken = Word(model, "unk_token", "[UNK]"),
            AddedTokens = added,
        });
    }

    private static void Expect(string type, JsonElement part, string name)
    {
        var actual = part.ValueKind == JsonValueKind.Object && part.TryGetProperty("type", out var value) ? value.GetString() : "none";
        if (actual != type)
            throw new StreamingException("tokenizer_unsupported", $"The tokeniser's {name} is '{actual}'; supported is '{type}'.");
    }

    private static bool Flag(JsonElement part, string name, bool otherwise) =>
        part.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value.GetBoolean() : otherwise;

    private static string Word(JsonElement part, string name, string otherwise) =>
        part.TryGetProperty(name, out var value) ? value.GetString() ?? otherwise : otherwise;
}
