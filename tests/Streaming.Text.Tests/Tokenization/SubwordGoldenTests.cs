using Streaming.Testing;
using Streaming.Text.Tokenization;

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
        var tokenizer = GoldenTokenizers.FromFile(folder, file);
        using var buffer = new TokenBuffer(1);
        var lines = 0;
        var wrong = new List<string>();
        foreach (var line in Golden.ReadJsonLines($"{folder}/encode_128.jsonl"))
        {
            lines++;
            buffer.Clear();
            tokenizer.Encode(line.Text("text"), buffer);
            var (ids, offsets, words) = GoldenTokenizers.Frame(tokenizer, buffer, 0, Math.Min(buffer.Count, 126));
            if (!ids.SequenceEqual(line.Ints("ids")) || !offsets.SequenceEqual(line.Ints("o16")) || !words.SequenceEqual(line.Ints("w"))
                || line.TryGetProperty("cut", out var cut) && cut.GetBoolean() != buffer.Count > 126)
            {
                wrong.Add($"{line.Text("id")} ({line.Text("src")}): {string.Join(',', ids)} {string.Join(',', offsets)} {string.Join(',', words)}\n{line}");
            }
        }

        Assert.True(wrong.Count == 0, $"{wrong.Count} of {lines} lines differ:\n{string.Join('\n', wrong.Take(8))}");
        Assert.Equal(953, lines);
    }

    [Theory]
    [MemberData(nameof(Sources))]
    public void Plan_GoldenWindows_AreEqual(string folder, string file)
    {
        var tokenizer = GoldenTokenizers.FromFile(folder, file);
        using var buffer = new TokenBuffer();
        var lines = 0;
        foreach (var line in Golden.ReadJsonLines($"{folder}/windows.jsonl"))
        {
            lines++;
            buffer.Clear();
            tokenizer.Encode(line.Text("text"), buffer);
            var windows = TokenWindow.Plan(buffer.Count, line.GetProperty("max_length").GetInt32(), line.GetProperty("stride").GetInt32());
            var expected = line.GetProperty("windows").EnumerateArray().ToList();

            // A text without tokens: the library gives the two framing tokens, we give no window.
            if (buffer.Count == 0)
            {
                Assert.Empty(windows);
                Assert.Equal(2, Assert.Single(expected).Ints("ids").Length);
                continue;
            }

            Assert.Equal(expected.Count, windows.Length);
            for (var index = 0; index < windows.Length; index++)
            {
                var (ids, offsets, words) = GoldenTokenizers.Frame(tokenizer, buffer, windows[index].Start, windows[index].End);
                Assert.Equal(expected[index].Ints("ids"), ids);
                Assert.Equal(expected[index].Ints("o16"), offsets);
                Assert.Equal(expected[index].Ints("w"), words);
            }
        }

        Assert.Equal(10, lines);
    }

    [Theory]
    [InlineData("bpe_bytelevel", "tokenizer.json")]
    [InlineData("bpe_bytelevel", "vocab.json")]
    [InlineData("unigram_sentencepiece", "tokenizer.json")]
    [InlineData("unigram_sentencepiece", "unigram.model")]
    public void EncodePair_GoldenPairs_AreEqual(string folder, string file) =>
        Assert.Equal(24, GoldenTokenizers.CheckPairs(GoldenTokenizers.FromFile(folder, file), folder));
}
