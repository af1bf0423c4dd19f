using System.Text;
using System.Text.Json;
using Streaming.Adapters.Elasticsearch.Http;
using Streaming.Adapters.Elasticsearch.Indexing;
using Streaming.Adapters.Elasticsearch.Searching;
using Streaming.Core;
using Streaming.Core.Search;

namespace Streaming.Adapters.Elasticsearch.Tests;

public sealed class SearchingTests
{
    [Theory]
    [InlineData("a b", "a|b", "")]
    [InlineData("\"a b\" -c -\"d e\"", "a b", "c|d e")]
    [InlineData("a\"b c\"d", "a|b c|d", "")]
    [InlineData("\"never closed", "never|closed", "")]
    [InlineData("- -- * a-b", "a-b", "")]
    public void Parse_Query_GivesWordsAndPhrases(string query, string wanted, string unwanted)
    {
        var terms = QueryTerms.Parse(query);
        Assert.Equal(wanted, string.Join('|', terms.Wanted));
        Assert.Equal(unwanted, string.Join('|', terms.Unwanted));
    }

    [Fact]
    public void Parse_Endless_LooksAtTheFirstTerms()
    {
        Assert.Equal(32, QueryTerms.Parse(string.Concat(Enumerable.Repeat("a ", 5_000))).Wanted.Count);
        Assert.True(QueryTerms.Parse("***").IsEmpty);
        Assert.Equal("\uFFFDx", Assert.Single(QueryTerms.Parse("\ud800x").Wanted));
        Assert.True(QueryTerms.Parse("  ").IsBlank);
    }

    [Fact]
    public void Read_MarkedText_GivesSpansOfTheText()
    {
        var spans = HighlightReader.Read("a 😀 b a", "<a> 😀 b <a>", "<", ">");
        Assert.Equal([new TextSpan(0, 1), new TextSpan(7, 8)], spans);
    }

    [Fact]
    public void Read_MarkedTextOfAnotherText_StopsBeforeItIsWrong() =>
        Assert.Equal([new TextSpan(0, 1)], HighlightReader.Read("a b c", "<a> X <c>", "<", ">"));

    [Fact]
    public void Cursor_RoundTrip_IsTheSame()
    {
        using var sort = JsonDocument.Parse("""[0.5,638400000000000000,"id \" ü"]""");
        var cursor = SearchCursor.Write(sort.RootElement);
        Assert.DoesNotContain('=', cursor);
        Assert.Equal(sort.RootElement.GetRawText(), SearchCursor.Read(cursor, byScore: true));
        Assert.Throws<StreamingException>(() => SearchCursor.Read(cursor, byScore: false));
    }

    [Theory]
    [InlineData("""{"items":[{"index":{"_id":"a","status":201}},{"delete":{"_id":"b","status":404}}]}""", "a201 b404")]
    [InlineData("""{"errors":true,"took":3,"items":[{"index":{"status":400,"error":{"type":"t","reason":"r","caused_by":{"type":"x"}},"_id":"a"}}],"more":1}""", "a400t")]
    [InlineData("""{"items":[{"index":{"_id":"a","status":500,"error":"text"}}]}""", "a500text")]
    public void Read_BulkAnswer_GivesItsItems(string body, string expected)
    {
        var items = BulkAnswer.Read(Encoding.UTF8.GetBytes(body));
        Assert.Equal(expected, string.Join(' ', items!.Select(i => $"{i.Id}{i.Status}{i.ErrorType}")));
    }

    [Fact]
    public void Read_BulkAnswerCutAnywhere_IsNoAnswer()
    {
        const string Body = """{"items":[{"index":{"_id":"a","status":201}},{"index":{"_id":"b","status":429,"error":{"type":"t","reason":"r"}}}]}""";
        for (var length = 0; length < Body.Length; length++)
            Assert.Null(BulkAnswer.Read(Encoding.UTF8.GetBytes(Body[..length])));
    }

    [Fact]
    public void Read_RandomBytes_NeverThrows()
    {
        var random = new Random(3);
        var bytes = Encoding.UTF8.GetBytes("""{"items":[{"index":{"_id":"a","status":201}},{"index":{"_id":"b","status":429,"error":{"type":"t","reason":"r"}}}]}""");
        for (var i = 0; i < 5_000; i++)
        {
            var spoiled = bytes.ToArray();
            for (var n = random.Next(1, 4); n > 0; n--)
                spoiled[random.Next(spoiled.Length)] = (byte)random.Next(256);
            _ = BulkAnswer.Read(spoiled);
        }
    }

    [Fact]
    public void HostPool_OneFails_RestsAndComesBack()
    {
        var time = new Testing.Fakes.ManualTimeProvider();
        var pool = new HostPool([new Uri("http://a:1"), new Uri("http://b:1/prefix")], time);
        var a = pool.Take();
        Assert.Equal("http://a:1/", a.Base.ToString());
        Assert.Equal("http://b:1/prefix/", pool.Take().Base.ToString());
        pool.Failed(a);
        Assert.NotSame(a, pool.Take());
        Assert.NotSame(a, pool.Take());
        time.Advance(TimeSpan.FromSeconds(1.1));
        Assert.Contains(a, new[] { pool.Take(), pool.Take() });
    }
}
