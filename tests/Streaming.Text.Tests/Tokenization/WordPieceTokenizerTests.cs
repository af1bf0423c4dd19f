using Streaming.Core;
using Streaming.Testing;
using Streaming.Text.Tokenization;

namespace Streaming.Text.Tests.Tokenization;

public sealed class WordPieceTokenizerTests
{
    private static readonly Dictionary<string, int> Tiny = new()
    {
        ["[PAD]"] = 0, ["[UNK]"] = 1, ["[CLS]"] = 2, ["[SEP]"] = 3, ["[MASK]"] = 4,
        ["a"] = 5, ["ab"] = 6, ["abcdx"] = 7, ["##b"] = 8, ["##c"] = 9, ["##cdy"] = 10, ["##dz"] = 11, ["##d"] = 12,
    };

    [Theory]
    [InlineData("abcd", "6 9 12")]
    [InlineData("abcdx", "7")]
    [InlineData("abcdz", "6 9 11")]
    [InlineData("abcdy", "6 10")]
    [InlineData("abcdq", "1")]
    [InlineData("abba", "1")]
    [InlineData("abb a", "6 8 5")]
    [InlineData("bc", "1")]
    public void Encode_PiecesThatOverlap_LongestFirst(string text, string expected)
    {
        var tokenizer = new WordPieceTokenizer(Tiny, new WordPieceOptions());
        using var buffer = new TokenBuffer();

        tokenizer.Encode(text, buffer);

        Assert.Equal(expected, string.Join(' ', buffer.Ids.ToArray()));
    }

    [Fact]
    public void Encode_DrawnVocabulariesAndWords_IsWhatGreedySearchFinds()
    {
        var random = new Random(3);
        for (var round = 0; round < 100; round++)
        {
            var vocabulary = new Dictionary<string, int> { ["[UNK]"] = 0, ["[CLS]"] = 1, ["[SEP]"] = 2, ["[PAD]"] = 3 };
            for (var piece = 0; piece < 25; piece++)
                vocabulary.TryAdd((random.Next(2) == 0 ? "##" : "") + Draw(random, random.Next(1, 6)), vocabulary.Count);
            var tokenizer = new WordPieceTokenizer(vocabulary, new WordPieceOptions());
            using var buffer = new TokenBuffer();
            for (var word = 0; word < 100; word++)
            {
                var text = Draw(random, random.Next(1, 14));
                buffer.Clear();
                tokenizer.Encode(text, buffer);
                Assert.Equal(Greedy(text, vocabulary), buffer.Ids.ToArray());
            }
        }
    }

    [Fact]
    public void Encode_SpecialTokensInText_AreTextUnlessAllowed()
    {
        var careful = new WordPieceTokenizer(Tiny, new WordPieceOptions { AddedTokens = new Dictionary<string, int> { ["[MASK]"] = 4 } });
        using var buffer = new TokenBuffer();

        careful.Encode("a[MASK]", buffer);

        Assert.DoesNotContain(4, buffer.Ids.ToArray());
        Assert.Equal(4, buffer.Count);
    }

    [Fact]
    public void Encode_LoneSurrogates_AreLeftOut()
    {
        using var buffer = new TokenBuffer();

        new WordPieceTokenizer(Tiny, new WordPieceOptions()).Encode("a\uD800b \uDC00a", buffer);

        Assert.Equal([6, 5], buffer.Ids.ToArray());
        Assert.Equal([0, 5], buffer.Starts.ToArray());
        Assert.Equal([3, 6], buffer.Ends.ToArray());
    }

    [Fact]
    public void Encode_WarmBuffer_AllocatesNothing()
    {
        using var buffer = new TokenBuffer(4096);
        var tokenizer = GoldenTokenizers.Uncased;
        const string Text = "Paris, Caf\u00E9 \uD55C\uAD6D\uC5B4 \u6771\u4EAC unbelievableness 3.14 \U0001F600 [MASK]";
        Run();
        Assert.Equal(0, Allocations.Of(Run));

        void Run()
        {
            for (var round = 0; round < 100; round++)
            {
                buffer.Clear();
                tokenizer.Encode(Text, buffer);
            }
        }
    }

    [Fact]
    public void Encode_BufferGrows_KeepsWhatItHas()
    {
        using var small = new TokenBuffer(1);
        using var large = new TokenBuffer(1 << 20);
        var text = string.Concat(Enumerable.Repeat("Paris is unbelievably far. ", 20_000));

        GoldenTokenizers.Uncased.Encode(text, small);
        GoldenTokenizers.Uncased.Encode(text, large);

        Assert.True(large.Ids.SequenceEqual(small.Ids));
        Assert.True(large.Ends.SequenceEqual(small.Ends));
        Assert.True(large.Words.SequenceEqual(small.Words));
    }

    [Theory]
    [InlineData("{", "tokenizer_invalid")]
    [InlineData("[]", "tokenizer_invalid")]
    [InlineData("""{"model":{"type":"WordLevel"}}""", "tokenizer_unsupported")]
    [InlineData("""{"model":{"type":"WordPiece","vocab":{"a":-1}},"normalizer":{"type":"BertNormalizer"},"pre_tokenizer":{"type":"BertPreTokenizer"}}""", "tokenizer_invalid")]
    [InlineData("""{"model":{"type":"WordPiece","vocab":{"a":1}},"normalizer":{"type":"BertNormalizer"},"pre_tokenizer":{"type":"BertPreTokenizer"}}""", "tokenizer_invalid")]
    [InlineData("""{"model":{"type":"WordPiece","vocab":{"a":1}},"normalizer":{"type":"BertNormalizer","lowercase":true,"strip_accents":false},"pre_tokenizer":{"type":"BertPreTokenizer"}}""", "tokenizer_unsupported")]
    [InlineData("""{"model":{"type":"WordPiece","vocab":{}},"normalizer":null,"pre_tokenizer":null}""", "tokenizer_unsupported")]
    public void Load_BadJson_IsACodedError(string json, string code)
    {
        var path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName() + ".json");
        File.WriteAllText(path, json);
        try
        {
            Assert.Equal(code, Assert.Throws<StreamingException>(() => TokenizerLoader.Load(path)).Code);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void Load_NoFile_IsACodedError() =>
        Assert.Equal("tokenizer_missing", Assert.Throws<StreamingException>(() => TokenizerLoader.Load("nowhere/vocab.txt")).Code);

    private static string Draw(Random random, int length) => string.Create(length, random, static (span, source) =>
    {
        for (var i = 0; i < span.Length; i++)
            span[i] = (char)('a' + source.Next(3));
    });

    /// <summary>The definition: at each place the longest piece that fits, quadratic.</summary>
    private static int[] Greedy(string word, Dictionary<string, int> vocabulary)
    {
        var ids = new List<int>();
        for (var start = 0; start < word.Length;)
        {
            var end = word.Length;
            while (end > start && !vocabulary.ContainsKey((start > 0 ? "##" : "") + word[start..end]))
                end--;
            if (end == start)
                return [0];
            ids.Add(vocabulary[(start > 0 ? "##" : "") + word[start..end]]);
            start = end;
        }

        return [.. ids];
    }
}
