using System.Text.Json;
using Streaming.Core;
using Streaming.Text.Tokenization.Normalizing;
using Streaming.Text.Tokenization.Subwords;

namespace Streaming.Text.Tokenization.Loading;

/// <summary>Hugging Face's <c>tokenizer.json</c>: every part is read; one that is not known is refused by name.</summary>
internal static class TokenizerJson
{
    private static readonly string[] Padding = ["<pad>", "[PAD]"];

    /// <summary>Makes the tokeniser.</summary>
    internal static ITokenizer Read(byte[] bytes, string name, TokenizerFileOptions options)
    {
        try
        {
            using var document = JsonDocument.Parse(bytes, new JsonDocumentOptions { MaxDepth = 64 });
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object)
                throw WordPieceFile.Invalid("its tokenizer.json is not an object");
            var model = JsonParts.Part(root, "model");
            return TypeOfModel(model) switch
            {
                "WordPiece" => WordPieceTokenizer.Read(name, bytes, new WordPieceOptions { Lowercase = options.Lowercase, AllowSpecialTokensInText = options.AllowSpecialTokensInText }),
                "Unigram" => ReadUnigram(root, model, options),
                "BPE" => ReadBpe(root, model, options),
                var other => throw JsonParts.Unsupported("model", $"is '{other ?? "none"}'"),
            };
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or FormatException)
        {
            throw new StreamingException("tokenizer_invalid", $"'{name}' is not a tokenizer.json: {error.Message}", ExitCode.Usage, error);
        }
    }

    // Older files leave the model's type out.
    private static string? TypeOfModel(JsonElement model) =>
        model.ValueKind == JsonValueKind.Object && !model.TryGetProperty("type", out _)
            ? JsonParts.Part(model, "merges").ValueKind == JsonValueKind.Array ? "BPE" : JsonParts.Part(model, "unk_id").ValueKind != JsonValueKind.Undefined ? "Unigram" : "WordPiece"
            : JsonParts.TypeOf(model, "model");

    private static SubwordTokenizer ReadUnigram(JsonElement root, JsonElement model, TokenizerFileOptions options)
    {
        if (JsonParts.Part(model, "vocab") is not { ValueKind: JsonValueKind.Array } pieces)
            throw WordPieceFile.Invalid("its vocabulary is not a list of pieces and scores");
        var vocabulary = new Vocabulary();
        var scores = new double[pieces.GetArrayLength()];
        var next = 0;
        foreach (var piece in pieces.EnumerateArray())
        {
            if (piece.ValueKind != JsonValueKind.Array || piece.GetArrayLength() != 2 || !JsonNumbers.TryRead(piece[1], out scores[next]))
                throw WordPieceFile.Invalid("its vocabulary holds something else than pieces with a score");
            vocabulary.Add(piece[0].GetString(), next++);
        }

        var unknown = JsonParts.Id(model, "unk_id");
        if (unknown < 0 || unknown >= scores.Length)
            throw WordPieceFile.Invalid("its unknown token has no id in the vocabulary");
        AddTokens(root, vocabulary);
        var steps = NormalizerJson.Read(JsonParts.Part(root, "normalizer"));
        var mark = NormalizerJson.ReadMetaspace(JsonParts.Part(root, "pre_tokenizer"), steps);
        var bytes = JsonParts.Flag(model, "byte_fallback", false) ? vocabulary.FallbackIds() : null;
        var (special, _) = FramingJson.Read(JsonParts.Part(root, "post_processor"), vocabulary, unknown, PaddingOf(root, vocabulary));
        var trie = new PieceTrie(vocabulary.Plain.Where(pair => pair.Value < scores.Length));
        return new SubwordTokenizer("unigram", special, vocabulary.Size, vocabulary.Finder(options.AllowSpecialTokensInText), [.. steps], new UnigramModel(trie, scores, unknown, mark, bytes), trim: null);
    }

    private static SubwordTokenizer ReadBpe(JsonElement root, JsonElement model, TokenizerFileOptions options)
    {
        foreach (var affix in (ReadOnlySpan<string>)["continuing_subword_prefix", "end_of_word_suffix"])
        {
            if (!string.IsNullOrEmpty(JsonParts.Text(model, affix)))
                throw JsonParts.Unsupported("model", $"has a {affix}");
        }

        if (JsonParts.Flag(model, "ignore_merges", false) || JsonParts.Part(model, "dropout") is { ValueKind: JsonValueKind.Number } dropout && dropout.GetDouble() != 0)
            throw JsonParts.Unsupported("model", "ignores or drops merges");
        var vocabulary = new Vocabulary();
        vocabulary.AddObject(JsonParts.Part(model, "vocab"));
        var merges = new BpeMerges(ReadMerges(JsonParts.Part(model, "merges"), vocabulary));
        AddTokens(root, vocabulary);
        var unknown = JsonParts.Text(model, "unk_token") is { } token ? vocabulary.Require(token) : vocabulary.FirstOf("<unk>", "[UNK]");
        var (special, trims) = FramingJson.Read(JsonParts.Part(root, "post_processor"), vocabulary, unknown, PaddingOf(root, vocabulary));
        var steps = NormalizerJson.Read(JsonParts.Part(root, "normalizer"));
        var finder = vocabulary.Finder(options.AllowSpecialTokensInText);
        var preTokenizer = JsonParts.Part(root, "pre_tokenizer");
        if (JsonParts.Flatten(preTokenizer, "pre_tokenizer", "pretokenizers") is not [var only] || JsonParts.TypeOf(only, "pre_tokenizer") != "ByteLevel")
        {
            var mark = NormalizerJson.ReadMetaspace(preTokenizer, steps);
            var bytes = JsonParts.Flag(model, "byte_fallback", false) ? vocabulary.FallbackIds() : null;
            var characters = new CharacterBpeModel(new PieceTrie(vocabulary.Plain), merges, unknown, JsonParts.Flag(model, "fuse_unk", false), mark, bytes);
            return new SubwordTokenizer("bpe", special, vocabulary.Size, finder, [.. steps], characters, trim: null);
        }

        if (JsonParts.Flag(only, "add_prefix_space", true))
            steps.Add(new PrependStep(' ', evenIfThere: false, onlyAtStart: false));
        var trim = trims is { } firstIsAdded ? new SpaceTrim(vocabulary.Plain, vocabulary.Size, firstIsAdded) : null;
        var model2 = new ByteLevelModel(vocabulary.ByteLevelIds(), merges, JsonParts.Flag(only, "use_regex", true));
        return new SubwordTokenizer("byte_level_bpe", special, vocabulary.Size, finder, [.. steps], model2, trim);
    }

    private static List<(int Left, int Right, int Id)> ReadMerges(JsonElement list, Vocabulary vocabulary)
    {
        if (list.ValueKind != JsonValueKind.Array)
            throw WordPieceFile.Invalid("it has no list of merges");
        var merges = new List<(int, int, int)>(list.GetArrayLength());
        foreach (var merge in list.EnumerateArray())
        {
            if (merge.ValueKind == JsonValueKind.Array && merge.GetArrayLength() == 2)
                merges.Add(vocabulary.Merge(merge[0].GetString() ?? "", merge[1].GetString() ?? ""));
            else if (merge.ValueKind == JsonValueKind.String && merge.GetString()!.Split(' ') is [var left, var right])
                merges.Add(vocabulary.Merge(left, right));
            else
                throw WordPieceFile.Invalid("one of its merges is not a pair of pieces");
        }

        return merges;
    }

    private static void AddTokens(JsonElement root, Vocabulary vocabulary)
    {
        if (JsonParts.Part(root, "added_tokens") is not { ValueKind: JsonValueKind.Array } tokens)
            return;
        foreach (var token in tokens.EnumerateArray())
        {
            vocabulary.Add(new AddedToken(
                JsonParts.Text(token, "content") ?? throw WordPieceFile.Invalid("an added token has no content"), JsonParts.Id(token, "id"), JsonParts.Flag(token, "special", false), JsonParts.Flag(token, "lstrip", false),
                JsonParts.Flag(token, "rstrip", false), JsonParts.Flag(token, "single_word", false)));
        }
    }

    private static int PaddingOf(JsonElement root, Vocabulary vocabulary) =>
        JsonParts.Id(JsonParts.Part(root, "padding"), "pad_id") is var id and >= 0 ? id : vocabulary.FirstOf(Padding);
}
