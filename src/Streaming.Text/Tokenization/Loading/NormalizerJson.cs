using System.Text;
using System.Text.Json;
using Streaming.Text.Tokenization.Normalizing;
using Streaming.Text.Tokenization.Subwords;

namespace Streaming.Text.Tokenization.Loading;

/// <summary>Normaliser and pre-tokeniser of <c>tokenizer.json</c> as steps.</summary>
internal static class NormalizerJson
{
    private const int MaxPattern = 64;

    /// <summary>The normaliser.</summary>
    internal static List<INormalizingStep> Read(JsonElement normalizer) =>
        JsonParts.Flatten(normalizer, "normalizer", "normalizers").ConvertAll(ReadStep);

    /// <summary>The pre-tokeniser of SentencePiece models, added to the steps.</summary>
    /// <returns>The mark that words begin with; −1: a text is one word.</returns>
    internal static int ReadMetaspace(JsonElement preTokenizer, List<INormalizingStep> steps)
    {
        var parts = JsonParts.Flatten(preTokenizer, "pre_tokenizer", "pretokenizers");
        if (parts.Count == 0)
            return -1;
        var splitsFirst = parts.Count == 2 && JsonParts.TypeOf(parts[0], "pre_tokenizer") == "WhitespaceSplit";
        if (parts.Count > (splitsFirst ? 2 : 1) || JsonParts.TypeOf(parts[^1], "pre_tokenizer") != "Metaspace")
            throw JsonParts.Unsupported("pre_tokenizer", $"is {string.Join(", ", parts.Select(static part => JsonParts.TypeOf(part, "pre_tokenizer")))}");
        var metaspace = parts[^1];
        var mark = Single(JsonParts.Text(metaspace, "replacement") ?? "\u2581", "pre_tokenizer");
        var scheme = JsonParts.Text(metaspace, "prepend_scheme") ?? (JsonParts.Flag(metaspace, "add_prefix_space", true) ? "always" : "never");
        if (scheme is not ("always" or "first" or "never"))
            throw JsonParts.Unsupported("pre_tokenizer", $"has the prepend_scheme '{scheme}'");
        var splits = JsonParts.Flag(metaspace, "split", true);
        if (splitsFirst)
        {
            if (scheme != "always" || !splits)
                throw JsonParts.Unsupported("pre_tokenizer", "splits at white space, then marks only some words");
            steps.Add(new WordStartsStep(mark));
            return mark;
        }

        steps.Add(new ReplaceStep([' '], [mark]));
        if (scheme != "never")
            steps.Add(new PrependStep(mark, evenIfThere: false, onlyAtStart: scheme == "first"));
        return splits ? mark : -1;
    }

    private static INormalizingStep ReadStep(JsonElement part)
    {
        var type = JsonParts.TypeOf(part, "normalizer");
        return type switch
        {
            "NFC" => new UnicodeFormStep(compatible: false, compose: true),
            "NFD" => new UnicodeFormStep(compatible: false, compose: false),
            "NFKC" => new UnicodeFormStep(compatible: true, compose: true),
            "NFKD" => new UnicodeFormStep(compatible: true, compose: false),
            "Nmt" => new NmtStep(),
            "Lowercase" => new LowercaseStep(),
            "Strip" => new StripStep(JsonParts.Flag(part, "strip_left", true), JsonParts.Flag(part, "strip_right", true)),
            "Prepend" => new PrependStep(Single(JsonParts.Text(part, "prepend") ?? "", "normalizer"), evenIfThere: true, onlyAtStart: false),
            "Precompiled" => new CharsMapStep(ReadMap(part)),
            "Replace" => ReadReplace(part),
            _ => throw JsonParts.Unsupported("normalizer", $"has a step '{type}'"),
        };
    }

    private static CharsMap ReadMap(JsonElement part)
    {
        var value = JsonParts.Part(part, "precompiled_charsmap");
        return value.ValueKind == JsonValueKind.String && value.TryGetBytesFromBase64(out var blob)
            ? CharsMap.Parse(blob)
            : throw WordPieceFile.Invalid("its precompiled character map is not base64");
    }

    private static INormalizingStep ReadReplace(JsonElement part)
    {
        var content = Scalars(JsonParts.Text(part, "content") ?? "");
        var pattern = JsonParts.Part(part, "pattern");
        if (JsonParts.Text(pattern, "Regex") is { } regex)
        {
            return regex is " {2,}" or " +" && content.Length == 1
                ? new CollapseStep(regex == " +" ? 1 : 2, content[0])
                : throw JsonParts.Unsupported("normalizer", $"replaces the pattern '{regex}'");
        }

        var text = Scalars(JsonParts.Text(pattern, "String") ?? "");
        return text.Length is > 0 and <= MaxPattern && content.Length <= text.Length
            ? new ReplaceStep(text, content)
            : throw JsonParts.Unsupported("normalizer", "replaces text by something longer");
    }

    private static int Single(string text, string part) =>
        Scalars(text) is [var scalar] ? scalar : throw JsonParts.Unsupported(part, "puts something else than one character before words");

    private static int[] Scalars(string text) => [.. text.EnumerateRunes().Select(static rune => rune.Value)];
}
