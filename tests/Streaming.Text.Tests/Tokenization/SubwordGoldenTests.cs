namespace Streaming.Text.Tests.Tokenization;

/// <summary>Byte-pair and Unigram tokenisers against what Hugging Face's library gives, id by id and offset by offset.</summary>
public sealed class SubwordGoldenTests
{
    /// <summary>Folder of vectors and the files the tokeniser is made from.</summary>
    public static TheoryData<string, string> Sources => new()
    {
        { "bpe_bytelevel", "tokenizer.json" },
        { "bpe_bytelevel", "vocab.json" },
        { "unigram_sentencepiece", "tokenizer.json" },
        { "unigram_sentencepiece", "unigram.model" },
        { "unigram_hf", "tokenizer.json" },
    };

    [Theory]
    [MemberData(nameof(Sources))]
    public void Encode_GoldenTexts_IdsOffsetsAndWordsAreEqual(string folder, string file)
    {
        Assert.Equal(953, GoldenTokenizers.CheckTexts(GoldenTokenizers.FromFile(folder, file), folder));
    }

    [Theory]
    [MemberData(nameof(Sources))]
    public void Plan_GoldenWindows_AreEqual(string folder, string file)
    {
        Assert.Equal(10, GoldenTokenizers.CheckWindows(GoldenTokenizers.FromFile(folder, file), folder));
    }

    [Theory]
    [InlineData("bpe_bytelevel", "tokenizer.json")]
    [InlineData("bpe_bytelevel", "vocab.json")]
    [InlineData("unigram_sentencepiece", "tokenizer.json")]
    [InlineData("unigram_sentencepiece", "unigram.model")]
    public void EncodePair_GoldenPairs_AreEqual(string folder, string file) =>
        Assert.Equal(24, GoldenTokenizers.CheckPairs(GoldenTokenizers.FromFile(folder, file), folder));
}
