using System.Text;
using System.Text.Json;
using Streaming.Testing;
using Streaming.Text.Tokenization;

namespace Streaming.Text.Tests.Tokenization;

/// <summary>The two tokenisers of the golden vectors, built from files that travel with the tests.</summary>
internal static class GoldenTokenizers
{
    private static readonly Lazy<WordPieceTokenizer> LazyUncased = new(() => FromVocabulary("wordpiece/vocab.txt", lowercase: true, allowSpecial: true));
    private static readonly Lazy<WordPieceTokenizer> LazyCased = new(() => FromVocabulary("wordpiece_cased/vocab.txt", lowercase: false, allowSpecial: true));

    internal static WordPieceTokenizer Uncased => LazyUncased.Value;

    internal static WordPieceTokenizer Cased => LazyCased.Value;

    internal static WordPieceTokenizer Of(string folder) => folder == "wordpiece" ? Uncased : Cased;

    internal static WordPieceTokenizer FromVocabulary(string golden, bool lowercase, bool allowSpecial)
    {
        var path = Path.GetTempFileName() + ".txt";
        try
        {
            File.WriteAllBytes(path, Golden.ReadAllBytes(golden));
            return (WordPieceTokenizer)TokenizerLoader.Load(path, new TokenizerFileOptions { Lowercase = lowercase, AllowSpecialTokensInText = allowSpecial });
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>A tokeniser made from a file of a folder of vectors; special tokens in text are themselves, as in the vectors.</summary>
    internal static ITokenizer FromFile(string folder, string file)
    {
        var directory = Directory.CreateTempSubdirectory("streaming-tokenizer-");
        try
        {
            foreach (var name in file == "vocab.json" ? new[] { file, "merges.txt" } : [file])
                File.WriteAllBytes(Path.Combine(directory.FullName, name), Golden.ReadAllBytes($"{folder}/{name}"));
            return TokenizerLoader.Load(Path.Combine(directory.FullName, file), new TokenizerFileOptions { AllowSpecialTokensInText = true });
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    /// <summary>Ids, flat offsets and words with framing tokens, as the vectors have them.</summary>
    internal static (int[] Ids, int[] Offsets, int[] Words) Frame(ITokenizer tokenizer, TokenBuffer buffer, int start, int end)
    {
        var (ids, offsets, words) = (new List<int> { tokenizer.Special.Start }, new List<int> { 0, 0 }, new List<int> { -1 });
        for (var token = start; token < end; token++)
        {
            ids.Add(buffer.Ids[token]);
            offsets.Add(buffer.Starts[token]);
            offsets.Add(buffer.Ends[token]);
            words.Add(buffer.Words[token]);
        }

        ids.Add(tokenizer.Special.End);
        offsets.AddRange([0, 0]);
        words.Add(-1);
        return ([.. ids], [.. offsets], [.. words]);
    }

    /// <summary>Holds a tokeniser to the texts of a folder, ids, offsets and words; their number.</summary>
    internal static int CheckTexts(ITokenizer tokenizer, string folder)
    {
        using var buffer = new TokenBuffer(1);
        var lines = 0;
        var wrong = new List<string>();
        foreach (var line in Golden.ReadJsonLines($"{folder}/encode_128.jsonl"))
        {
            lines++;
            buffer.Clear();
            tokenizer.Encode(line.Text("text"), buffer);
            var (ids, offsets, words) = Frame(tokenizer, buffer, 0, Math.Min(buffer.Count, 126));
            if (!ids.SequenceEqual(line.Ints("ids")) || !offsets.SequenceEqual(line.Ints("o16")) || !words.SequenceEqual(line.Ints("w"))
                || line.TryGetProperty("cut", out var cut) && cut.GetBoolean() != buffer.Count > 126)
            {
                wrong.Add($"{line.Text("id")} ({line.Text("src")}): {string.Join(',', ids)} {string.Join(',', offsets)} {string.Join(',', words)}\n{line}");
            }
        }

        Assert.True(wrong.Count == 0, $"{wrong.Count} of {lines} lines differ:\n{string.Join('\n', wrong.Take(8))}");
        return lines;
    }

    /// <summary>Holds a tokeniser to the windows of a folder; the number of texts.</summary>
    internal static int CheckWindows(ITokenizer tokenizer, string folder)
    {
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
                var (ids, offsets, words) = Frame(tokenizer, buffer, windows[index].Start, windows[index].End);
                Assert.Equal(expected[index].Ints("ids"), ids);
                Assert.Equal(expected[index].Ints("o16"), offsets);
                Assert.Equal(expected[index].Ints("w"), words);
            }
        }

        return lines;
    }

    /// <summary>Holds a tokeniser to the pairs of a folder; their number.</summary>
    internal static int CheckPairs(ITokenizer tokenizer, string folder)
    {
        var lines = 0;
        foreach (var line in Golden.ReadJsonLines($"{folder}/pairs.jsonl"))
        {
            lines++;
            var limit = line.GetProperty("max_length");
            var maxLength = limit.ValueKind == System.Text.Json.JsonValueKind.Null ? int.MaxValue : limit.GetInt32();
            var strategy = line.GetProperty("strategy").GetString() switch
            {
                "only_first" => PairTruncation.OnlyFirst,
                "only_second" => PairTruncation.OnlySecond,
                _ => PairTruncation.LongestFirst,
            };
            using var first = new TokenBuffer();
            using var second = new TokenBuffer();
            tokenizer.Encode(line.Text("a"), first);
            tokenizer.Encode(line.Text("b"), second);

            var pair = TokenPair.TryJoin(tokenizer.Special, first, second, maxLength, strategy);

            if (line.TryGetProperty("error", out _))
            {
                Assert.Null(pair);
                continue;
            }

            Assert.NotNull(pair);
            Assert.Equal(line.Ints("ids"), pair.Ids);
            Assert.Equal(line.Ints("types"), pair.Types);
            Assert.Equal(line.Ints("seq"), pair.Sequences);
            Assert.Equal(line.Ints("o16"), pair.Offsets);
        }

        return lines;
    }

    internal static int[] Ints(this JsonElement element, string name) =>
        [.. element.GetProperty(name).EnumerateArray().Select(item => item.GetInt32())];

    internal static string Text(this JsonElement element, string name) => element.GetProperty(name).GetString()!;
}
