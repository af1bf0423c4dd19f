using System.Text;
using System.Text.Json;
using Streaming.Core;
using Streaming.Text.Tokenization.Normalizing;
using Streaming.Text.Tokenization.Subwords;

namespace Streaming.Text.Tokenization.Loading;

/// <summary>The older form of GPT-2 and RoBERTa tokenisers: <c>vocab.json</c> and <c>merges.txt</c>.</summary>
internal static class ByteLevelFiles
{
    /// <summary>Makes the tokeniser.</summary>
    /// <param name="vocab">Pieces and ids.</param>
    /// <param name="merges">A pair a line, in the order learnt; the first line may be a comment.</param>
    /// <param name="settings"><c>tokenizer_config.json</c>, where there is one: <c>add_prefix_space</c> counts.</param>
    /// <param name="options">Whether text may become special tokens.</param>
    internal static SubwordTokenizer Read(byte[] vocab, byte[] merges, byte[]? settings, TokenizerFileOptions options)
    {
        var vocabulary = new Vocabulary();
        bool addsSpace;
        try
        {
            using var document = JsonDocument.Parse(vocab);
            vocabulary.AddObject(document.RootElement);
            using var config = settings is null ? null : JsonDocument.Parse(settings);
            addsSpace = config is not null && JsonParts.Flag(config.RootElement, "add_prefix_space", false);
        }
        catch (JsonException error)
        {
            throw new StreamingException("tokenizer_invalid", $"vocab.json or tokenizer_config.json is not JSON: {error.Message}", ExitCode.Usage, error);
        }

        var learnt = new List<(int, int, int)>();
        var reader = new StringReader(Encoding.UTF8.GetString(merges));
        while (reader.ReadLine() is { } line)
        {
            if (line.Length == 0 || line.StartsWith("#version", StringComparison.Ordinal))
                continue;
            if (line.Split(' ') is not [var left, var right])
                throw WordPieceFile.Invalid("merges.txt has a line that is not a pair of pieces");
            learnt.Add(vocabulary.Merge(left, right));
        }

        foreach (var token in (ReadOnlySpan<string>)["<s>", "<pad>", "</s>", "<unk>"])
            vocabulary.Add(new AddedToken(token, vocabulary.Require(token), IsSpecial: true));
        if (vocabulary.Ids.TryGetValue("<mask>", out var mask))
            vocabulary.Add(new AddedToken("<mask>", mask, IsSpecial: true, TakesLeft: true));
        var special = new SpecialTokens(vocabulary.Require("<s>"), vocabulary.Require("</s>"), vocabulary.Require("<unk>"), vocabulary.Require("<pad>")) { PairSeparators = 2, SecondType = 0 };
        INormalizingStep[] steps = addsSpace ? [new PrependStep(' ', evenIfThere: false, onlyAtStart: false)] : [];
        return new SubwordTokenizer(
            "byte_level_bpe", special, vocabulary.Size, vocabulary.Finder(options.AllowSpecialTokensInText), steps,
            new ByteLevelModel(vocabulary.ByteLevelIds(), new BpeMerges(learnt), splits: true), new SpaceTrim(vocabulary.Plain, vocabulary.Size, addsSpace));
    }
}
