using Streaming.Adapters.Sqlite.Search;

namespace Streaming.Adapters.Sqlite.Tests.Search;

public sealed class WordCutterTests
{
    private static List<(string Word, string Surface)> Cut(string text)
    {
        var words = new List<(string, string)>();
        Span<char> room = stackalloc char[WordCutter.MaxWordLength];
        var cutter = new WordCutter(text, room);
        while (cutter.MoveNext())
            words.Add((cutter.Word.ToString(), text[cutter.Start..cutter.End]));
        return words;
    }

    [Theory]
    [InlineData("", "")]
    [InlineData(" ,.;- \0\u2028", "")]
    [InlineData("Hello, World_2!", "hello world 2")]
    [InlineData("ÀÉÎÕÜ ñ ß æ ø Łódź", "aeiou n ß æ o lodz")]
    [InlineData("Việt Nam İstanbul ISTANBUL", "viet nam istanbul istanbul")]
    [InlineData("e\u0301te\u0301 soft\u00adhyphen zero\u200dwidth", "ete softhyphen zerowidth")]
    [InlineData("ΣΊΣΥΦΟΣ σίσυφος Ёлка", "σισυφοσ σισυφοσ елка")]
    [InlineData("ＡＢＣ１２", "abc12")]
    [InlineData("東京タワー", "東 京 タ ワ ー")]
    [InlineData("good😀😀day ☂", "good 😀 😀 day ☂")]
    [InlineData("👍🏽x", "👍 x")]
    [InlineData("हिन्दी भाषा", "हिन्दी भाषा")]
    [InlineData("a\ufffdb", "a b")]
    public void MoveNext_Text_GivesFoldedWords(string text, string expected) =>
        Assert.Equal(expected, string.Join(' ', Cut(text).Select(w => w.Word)));

    [Fact]
    public void MoveNext_AnyText_GivesRisingSpansWithinIt()
    {
        var random = new Random(3);
        Span<char> room = stackalloc char[WordCutter.MaxWordLength];
        for (var round = 0; round < 500; round++)
        {
            var text = new string([.. Enumerable.Range(0, random.Next(60)).Select(_ => (char)(random.Next(3) == 0 ? random.Next(0x10000) : random.Next(0x20, 0x180)))]);
            var cutter = new WordCutter(text, room);
            var end = 0;
            while (cutter.MoveNext())
            {
                Assert.InRange(cutter.Start, end, text.Length);
                Assert.InRange(cutter.End, cutter.Start + 1, text.Length);
                Assert.False(char.IsLowSurrogate(text[cutter.Start]));
                Assert.True(cutter.Word.Length is > 0 and <= WordCutter.MaxWordLength);
                // The index splits at ASCII signs and at nothing else: a word must pass through it whole.
                Assert.False(cutter.Word.ContainsAny(" \"\0'()*:^-+{}"));
                end = cutter.End;
            }
        }
    }

    [Fact]
    public void MoveNext_LoneSurrogates_SeparateWords() =>
        Assert.Equal(["a", "b", "c"], Cut("a\ud800b\udc00c").Select(w => w.Word));

    [Fact]
    public void MoveNext_HugeWord_IsOneWordWithItsBeginning()
    {
        var word = Assert.Single(Cut(new string('a', 1_000_000)));
        Assert.Equal((WordCutter.MaxWordLength, 1_000_000), (word.Word.Length, word.Surface.Length));
    }

    [Theory]
    [InlineData("a \"b c\" -d -\"e f\" g-h", "a|b c|g h", "d|e f")]
    [InlineData("\"open a", "open|a", "")]
    [InlineData("- -- --x \"\" a\"b\"c", "a|b|c", "x")]
    public void Parse_Query_GivesTerms(string query, string wanted, string unwanted)
    {
        var parsed = SearchQuery.Parse(query);
        Assert.Equal(wanted, string.Join('|', parsed.Wanted.Select(t => string.Join(' ', t))));
        Assert.Equal(unwanted, string.Join('|', parsed.Unwanted.Select(t => string.Join(' ', t))));
    }

    [Fact]
    public void Parse_TooMuch_LooksAtTheFirstTermsOnly()
    {
        Assert.Equal(32, SearchQuery.Parse(string.Join(' ', Enumerable.Range(0, 100))).Wanted.Count);
        Assert.Equal("a", Assert.Single(SearchQuery.Parse("a" + new string(' ', 1_000) + "b").Wanted)[0]);
    }
}
