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
        Assert.True(lines >= atLeast, $"only {lines} lines");
    }

    [Theory]
    [InlineData("wordpiece")]
    [InlineData("wordpiece_cased")]
    public void Plan_GoldenWindows_AreEqual(string folder)
    {
        var tokenizer = GoldenTokenizers.Of(folder);
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

        Assert.True(lines > 0);
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
