using Streaming.Testing;
using Streaming.Text.Tokenization;

namespace Streaming.Text.Tests.Tokenization;

public sealed class WordPieceGoldenTests
{
    [Theory]
    [InlineData("wordpiece", 3040)]
    [InlineData("wordpiece_cased", 900)]
    public void Encode_GoldenTexts_IdsOffsetsAndWordsAreEqual(string folder, int atLeast)
    {
        var tokenizer = GoldenTokenizers.Of(folder);
        var lines = GoldenTokenizers.CheckTexts(tokenizer, folder);
        Assert.True(lines >= atLeast, $"only {lines} lines");
    }

    [Theory]
    [InlineData("wordpiece")]
    [InlineData("wordpiece_cased")]
    public void Plan_GoldenWindows_AreEqual(string folder)
    {
        var tokenizer = GoldenTokenizers.Of(folder);
        Assert.True(GoldenTokenizers.CheckWindows(tokenizer, folder) > 0);
    }

    [Theory]
    [InlineData("wordpiece")]
    [InlineData("wordpiece_cased")]
    public void Encode_GoldenWordLists_AreEqual(string folder)
    {
        var tokenizer = GoldenTokenizers.Of(folder);
        using var buffer = new TokenBuffer();
        foreach (var line in Golden.ReadJsonLines($"{folder}/pretokenized.jsonl"))
        {
            buffer.Clear();
            var word = 0;
            var words = new List<int> { -1 };
            foreach (var item in line.GetProperty("words").EnumerateArray())
            {
                tokenizer.Encode(item.GetString()!, buffer);
                words.AddRange(Enumerable.Repeat(word++, buffer.Count + 1 - words.Count));
            }

            words.Add(-1);
            var (ids, offsets, _) = GoldenTokenizers.Frame(tokenizer, buffer, 0, buffer.Count);
            var expected = line.Ints("ids");
            if (ids.Length > expected.Length)
            {
                // Cut at the length the vectors were made with.
                (ids, offsets) = ([.. ids[..(expected.Length - 1)], ids[^1]], [.. offsets[..(2 * expected.Length - 2)], 0, 0]);
                words = [.. words[..(expected.Length - 1)], -1];
            }

            Assert.Equal(expected, ids);
            Assert.Equal(line.Ints("o16"), offsets);
            Assert.Equal(line.Ints("w"), words);
        }
    }

    [Fact]
    public void EncodePair_GoldenPairs_AreEqual() => Assert.Equal(72, GoldenTokenizers.CheckPairs(GoldenTokenizers.Uncased, "wordpiece"));

    [SharedFact("models/all-MiniLM-L6-v2/tokenizer.json")]
    public void Load_TokenizerJson_IsTheSameAsVocabulary()
    {
        var json = TokenizerLoader.Load(SharedFolder.Require("models", "all-MiniLM-L6-v2", "tokenizer.json"), new TokenizerFileOptions { AllowSpecialTokensInText = true });
        using var left = new TokenBuffer();
        using var right = new TokenBuffer();
        foreach (var line in Golden.ReadJsonLines("wordpiece/encode_128.jsonl"))
        {
            left.Clear();
            right.Clear();
            json.Encode(line.Text("text"), left);
            GoldenTokenizers.Uncased.Encode(line.Text("text"), right);
            Assert.Equal(right.Ids, left.Ids);
            Assert.Equal(right.Starts, left.Starts);
            Assert.Equal(right.Ends, left.Ends);
        }
    }
}
