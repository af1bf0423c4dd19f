using System.Text;
using System.Text.Json;
using Streaming.Core;
using Streaming.Testing;
using Streaming.Text.Tokenization;

namespace Streaming.Text.Tests.Tokenization;

public sealed class SubwordTokenizerTests
{
    private const string Template = """
        {"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<s>","type_id":0}},{"Sequence":{"id":"A","type_id":0}},{"SpecialToken":{"id":"</s>","type_id":0}}],
         "pair":[{"SpecialToken":{"id":"<s>","type_id":0}},{"Sequence":{"id":"A","type_id":0}},{"SpecialToken":{"id":"</s>","type_id":0}},{"Sequence":{"id":"B","type_id":1}},{"SpecialToken":{"id":"</s>","type_id":1}}]}
        """;

    private const string Specials = """[{"id":0,"content":"<s>","special":true},{"id":1,"content":"</s>","special":true},{"id":2,"content":"<unk>","special":true}]""";

    [Theory]
    [InlineData("bpe_bytelevel")]
    [InlineData("unigram_sentencepiece")]
    [InlineData("unigram_hf")]
    public void Encode_HugeTexts_EveryCharacterIsCovered(string folder)
    {
        var tokenizer = GoldenTokenizers.FromFile(folder, "tokenizer.json");
        using var buffer = new TokenBuffer();
        foreach (var text in new[] { new string('a', 2_000_000), string.Concat(Enumerable.Repeat("ab\u0301\U0001F600", 300_000)), new string('\n', 1_000_000) + "x" })
        {
            buffer.Clear();
            tokenizer.Encode(text, buffer);
            Assert.Equal(text.Length, buffer.Ends[^1]);
            Assert.False(buffer.Ids.ContainsAnyExceptInRange(0, tokenizer.VocabularySize - 1));
        }
    }

    [Theory]
    [InlineData("bpe_bytelevel")]
    [InlineData("unigram_sentencepiece")]
    [InlineData("unigram_hf")]
    public void Encode_TextAsData_NeverGivesASpecialToken(string folder)
    {
        var directory = Directory.CreateTempSubdirectory("streaming-tokenizer-");
        try
        {
            var path = Path.Combine(directory.FullName, "tokenizer.json");
            File.WriteAllBytes(path, Golden.ReadAllBytes($"{folder}/tokenizer.json"));
            var tokenizer = TokenizerLoader.Load(path);
            using var buffer = new TokenBuffer();
            tokenizer.Encode("a <s>b</s> <mask> <pad><unk> [MASK]", buffer);

            // Unknown pieces are no control: only the others are looked for.
            int[] control = [tokenizer.Special.Start, tokenizer.Special.End, tokenizer.Special.Padding];
            Assert.DoesNotContain(buffer.Ids.ToArray(), id => control.Contains(id));
            Assert.Equal(35, buffer.Ends[^1]);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    [Fact]
    public void Encode_ManyThreads_GiveTheSame()
    {
        var tokenizer = GoldenTokenizers.FromFile("unigram_sentencepiece", "tokenizer.json");
        var texts = Golden.ReadJsonLines("unigram_sentencepiece/encode_128.jsonl").Take(200).Select(line => line.Text("text")).ToList();
        var expected = texts.ConvertAll(text => Ids(tokenizer, text));

        Parallel.For(0, 8, _ =>
        {
            for (var i = 0; i < texts.Count; i++)
                Assert.Equal(expected[i], Ids(tokenizer, texts[i]));
        });
    }

    [Fact]
    public void CharacterMap_EveryScalar_BecomesWhatTheLibraryMakesOfIt()
    {
        var json = Golden.ReadJson("unigram_sentencepiece/tokenizer.json");
        var blob = json.GetProperty("normalizer").GetProperty("normalizers")[0].GetProperty("precompiled_charsmap").GetBytesFromBase64();
        var map = Streaming.Text.Tokenization.Normalizing.CharsMap.Parse(blob);
        var expected = Golden.ReadJson("unigram_sentencepiece/normalizer_map.json");
        var wrong = new List<string>();
        for (var scalar = 1; scalar < 0x110000; scalar++)
        {
            if (!Rune.IsValid(scalar))
                continue;
            var isMapped = map.TryMap(scalar, out var replacement);
            var actual = isMapped ? string.Join(' ', Encoding.UTF8.GetString(replacement).EnumerateRunes().Select(rune => rune.Value.ToString("X", null))) : null;
            var told = expected.TryGetProperty(scalar.ToString("X", null), out var value) ? value.GetString() : null;

            // The table was made by asking for xCx; two marks join the x before them there.
            if (scalar is 0x307 or 0x308)
                continue;
            if (told is not null && actual != told || told is null && isMapped && actual != scalar.ToString("X", null))
                wrong.Add($"{scalar:X}: {actual} instead of {told}");
        }

        Assert.Empty(wrong);
    }

    [Theory]
    [InlineData("abab", "6 6", "0 2 2 4")]
    [InlineData("aabb", "3 6 4", "0 1 1 3 3 4")]
    [InlineData("a b", "3 5 4", "0 1 1 2 2 3")]
    [InlineData("axyb", "3 2 4", "0 1 1 3 3 4")]
    public void Encode_CharacterBpe_MergesAndFusesUnknown(string text, string ids, string offsets)
    {
        var tokenizer = Load($$"""
            {"model":{"type":"BPE","unk_token":"<unk>","fuse_unk":true,"vocab":{"<s>":0,"</s>":1,"<unk>":2,"a":3,"b":4,"▁":5,"ab":6},"merges":["a b"]},
             "normalizer":{"type":"Replace","pattern":{"String":" "},"content":"▁"},"pre_tokenizer":null,"added_tokens":{{Specials}},"post_processor":{{Template}}}
            """);
        using var buffer = new TokenBuffer();
        tokenizer.Encode(text, buffer);

        Assert.Equal("bpe", tokenizer.Kind);
        Assert.Equal(ids, string.Join(' ', buffer.Ids.ToArray()));
        Assert.Equal(offsets, string.Join(' ', Enumerable.Range(0, buffer.Count).Select(i => $"{buffer.Starts[i]} {buffer.Ends[i]}")));
    }

    [Fact]
    public void Encode_WhitespaceSplitBeforeMetaspace_EveryWordIsMarked()
    {
        var tokenizer = Load($$"""
            {"model":{"type":"Unigram","unk_id":2,"vocab":[["<s>",0],["</s>",0],["<unk>",0],["▁a",-1],["b",-2],["▁",-3]]},
             "normalizer":null,"pre_tokenizer":{"type":"Sequence","pretokenizers":[{"type":"WhitespaceSplit"},{"type":"Metaspace","replacement":"▁","add_prefix_space":true}]},
             "added_tokens":{{Specials}},"post_processor":{{Template}}}
            """);
        using var buffer = new TokenBuffer();
        tokenizer.Encode("  a\t\nab ", buffer);

        Assert.Equal([3, 3, 4], buffer.Ids.ToArray());
        Assert.Equal([2, 5, 6], buffer.Starts.ToArray());
        Assert.Equal([3, 6, 7], buffer.Ends.ToArray());
        Assert.Equal([0, 1, 1], buffer.Words.ToArray());
    }

    [Theory]
    [InlineData("sentencepiece.bpe.model", "bert", 749)]
    [InlineData("spm.model", "xlm-roberta", 749)]
    [InlineData("spm.model", "other", 748)]
    public void Load_SentencePieceModel_LayoutIsThatOfItsNameOrFamily(string name, string family, int expected)
    {
        var bytes = Golden.ReadAllBytes("unigram_sentencepiece/unigram.model");
        var tokenizer = TokenizerLoader.Load([name], _ => bytes, new TokenizerFileOptions { Family = family });

        Assert.Equal(expected, Ids(tokenizer, "Let the Lip")[0]);
    }

    [Fact]
    public void Encode_ByteFallback_SpellsUnknownInBytes()
    {
        var bytes = string.Join(',', Enumerable.Range(0, 256).Select(value => $"[\"<0x{value:X2}>\",-9]"));
        var tokenizer = Load($$"""
            {"model":{"type":"Unigram","unk_id":2,"byte_fallback":true,"vocab":[["<s>",0],["</s>",0],["<unk>",0],["a",-1],{{bytes}}]},
             "normalizer":null,"pre_tokenizer":null,"added_tokens":{{Specials}},"post_processor":{{Template}}}
            """);
        using var buffer = new TokenBuffer();
        tokenizer.Encode("a\u00e9", buffer);

        Assert.Equal([3, 4 + 0xC3, 4 + 0xA9], buffer.Ids.ToArray());
        Assert.Equal([0, 1, 1], buffer.Starts.ToArray());
        Assert.Equal([1, 2, 2], buffer.Ends.ToArray());
    }

    [Theory]
    [InlineData("normalizer", """{"type":"ByteLevel"}""", "normalizer")]
    [InlineData("normalizer", """{"type":"Replace","pattern":{"Regex":"(a+)+b"},"content":""}""", "(a+)+b")]
    [InlineData("normalizer", """{"type":"Replace","pattern":{"String":"a"},"content":"aaaa"}""", "longer")]
    [InlineData("pre_tokenizer", """{"type":"Digits"}""", "pre_tokenizer")]
    [InlineData("pre_tokenizer", """{"type":"Metaspace","replacement":"▁","prepend_scheme":"last"}""", "prepend_scheme")]
    [InlineData("post_processor", """{"type":"Other"}""", "post_processor")]
    [InlineData("post_processor", "null", "post_processor")]
    public void Load_UnsupportedPart_IsNamed(string part, string json, string named)
    {
        var parts = new Dictionary<string, string>
        {
            ["model"] = """{"type":"Unigram","unk_id":2,"vocab":[["<s>",0],["</s>",0],["<unk>",0]]}""",
            ["normalizer"] = "null",
            ["pre_tokenizer"] = "null",
            ["added_tokens"] = Specials,
            ["post_processor"] = Template,
        };
        parts[part] = json;

        var error = Assert.Throws<StreamingException>(() => Load($"{{{string.Join(',', parts.Select(pair => $"\"{pair.Key}\":{pair.Value}"))}}}"));

        Assert.Equal("tokenizer_unsupported", error.Code);
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a\u0301", "C", "E1")]
    [InlineData("\u00e1", "D", "61 301")]
    [InlineData("\ufb01", "KC", "66 69")]
    [InlineData("\ud55c", "D", "1112 1161 11AB")]
    [InlineData("\u1112\u1161\u11ab", "C", "D55C")]
    [InlineData("q\u0307\u0323", "C", "71 323 307")]
    [InlineData("\u1e9b\u0323", "KC", "1E69")]
    [InlineData("\u0958", "C", "915 93C")]
    public void UnicodeForms_KnownCases_AreAsTheStandardSays(string text, string form, string expected)
    {
        using var normalized = new Streaming.Text.Tokenization.Normalizing.NormalizedText();
        normalized.Load(text, 0);
        new Streaming.Text.Tokenization.Normalizing.UnicodeFormStep(form.StartsWith('K'), form.EndsWith('C')).Apply(normalized);

        Assert.Equal(expected, string.Join(' ', normalized.Scalars.ToArray().Select(scalar => scalar.ToString("X", null))));
    }

    private static int[] Ids(ITokenizer tokenizer, string text)
    {
        using var buffer = new TokenBuffer();
        tokenizer.Encode(text, buffer);
        return buffer.Ids.ToArray();
    }

    private static ITokenizer Load(string json)
    {
        var directory = Directory.CreateTempSubdirectory("streaming-tokenizer-");
        try
        {
            var path = Path.Combine(directory.FullName, "tokenizer.json");
            File.WriteAllText(path, json);
            return TokenizerLoader.Load(path);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }
}
