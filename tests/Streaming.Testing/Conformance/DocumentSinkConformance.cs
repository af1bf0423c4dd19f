using System.Text.Json;
using Streaming.Contracts;
using Streaming.Core.Sinks;
using static Streaming.Testing.Fakes.Make;

namespace Streaming.Testing.Conformance;

/// <summary>What every <see cref="IDocumentSink"/> keeps and answers.</summary>
public abstract class DocumentSinkConformance
{
    /// <summary>A sink on an empty store; one a test.</summary>
    protected abstract Task<IDocumentSink> OpenAsync();

    /// <summary>The document as the store has it, or null.</summary>
    protected abstract Task<EnrichedDocument?> FindAsync(string id);

    [Fact]
    public async Task WriteAsync_Document_IsKeptWhole()
    {
        await using var sink = await OpenAsync();
        const string Text = "Ünïcode 😀 \"quotes\" <b>&amp;</b> \0 \u2028 \u202e end";
        var document = Document("id 1", Text, [Entity(Text, "PER", "😀")], "news", "positive", [Aspect(Text, "quotes", "negative")], "wire", 3, 7) with
        {
            Metadata = Json("""{"a":[1,2.5,null,{"b":"ü"}],"n":12345678901234567890}"""),
            Unknown = new Dictionary<string, JsonElement> { ["later"] = Json("[true]") },
            Coverage = 0.5,
            AspectCategories = [new AspectCategoryAnnotation("anecdotes/miscellaneous", "neutral", 0.75)],
        };
        Assert.Equal([Applied], await WriteAsync(sink, Put(document, 1)));
        AssertSame(document, await FindAsync("id 1"));
    }

    [Fact]
    public async Task WriteAsync_NewerVersion_Replaces()
    {
        await using var sink = await OpenAsync();
        await WriteAsync(sink, Put(Document("a", "old"), 5));
        Assert.Equal([Applied], await WriteAsync(sink, Put(Document("a", "new"), 6)));
        Assert.Equal("new", (await FindAsync("a"))!.Text);
    }

    [Theory]
    [InlineData(5)]
    [InlineData(4)]
    public async Task WriteAsync_EqualOrOlderVersion_IsSuperseded(long version)
    {
        await using var sink = await OpenAsync();
        await WriteAsync(sink, Put(Document("a", "there"), 5));
        Assert.Equal([SinkStatus.Superseded], await WriteAsync(sink, Put(Document("a", "late"), version)));
        Assert.Equal("there", (await FindAsync("a"))!.Text);
    }

    [Fact]
    public async Task WriteAsync_Delete_Removes()
    {
        await using var sink = await OpenAsync();
        await WriteAsync(sink, Put(Document("a", "there"), 5));
        Assert.Equal([Applied], await WriteAsync(sink, Delete("a", 6)));
        Assert.Null(await FindAsync("a"));
    }

    [Fact]
    public async Task WriteAsync_LateWriteAfterDelete_IsSuperseded()
    {
        await using var sink = await OpenAsync();
        await WriteAsync(sink, Put(Document("a", "there"), 5));
        await WriteAsync(sink, Delete("a", 7));
        Assert.Equal([SinkStatus.Superseded], await WriteAsync(sink, Put(Document("a", "late"), 6)));
        Assert.Null(await FindAsync("a"));
        Assert.Equal([Applied], await WriteAsync(sink, Put(Document("a", "again"), 8)));
        Assert.Equal("again", (await FindAsync("a"))!.Text);
    }

    [Fact]
    public async Task WriteAsync_OlderDelete_IsSuperseded()
    {
        await using var sink = await OpenAsync();
        await WriteAsync(sink, Put(Document("a", "there"), 5));
        Assert.Equal([SinkStatus.Superseded], await WriteAsync(sink, Delete("a", 4)));
        Assert.NotNull(await FindAsync("a"));
    }

    [Fact]
    public async Task WriteAsync_DeleteOfNothing_IsDone()
    {
        await using var sink = await OpenAsync();
        var status = Assert.Single(await WriteAsync(sink, Delete("absent", 3)));
        Assert.NotEqual(SinkStatus.Rejected, status);
    }

    [Fact]
    public async Task WriteAsync_SameIdInOneCall_KeepsTheirOrder()
    {
        await using var sink = await OpenAsync();
        var statuses = await WriteAsync(
            sink,
            Put(Document("a", "first"), 1),
            Put(Document("b", "other"), 1),
            Put(Document("a", "second"), 2),
            Delete("a", 3),
            Put(Document("a", "last"), 4));
        Assert.DoesNotContain(SinkStatus.Rejected, statuses);
        Assert.Equal(Applied, statuses[4]);
        Assert.Equal("last", (await FindAsync("a"))!.Text);
        Assert.Equal("other", (await FindAsync("b"))!.Text);
    }

    [Fact]
    public async Task WriteAsync_SameWriteTwice_LeavesOne()
    {
        await using var sink = await OpenAsync();
        await WriteAsync(sink, Put(Document("a", "text"), 9));
        Assert.Equal([SinkStatus.Superseded], await WriteAsync(sink, Put(Document("a", "text"), 9)));
    }

    [Fact]
    public async Task WriteAsync_LargeVersions_Compare()
    {
        await using var sink = await OpenAsync();
        await WriteAsync(sink, Put(Document("a", "high"), long.MaxValue - 1));
        Assert.Equal([SinkStatus.Superseded], await WriteAsync(sink, Put(Document("a", "low"), long.MaxValue - 2)));
        Assert.Equal([Applied], await WriteAsync(sink, Put(Document("a", "highest"), long.MaxValue)));
    }

    [Theory]
    [InlineData("'; DROP TABLE documents; --")]
    [InlineData("a/b?c#d%20&e=f")]
    [InlineData("..\\..//etc")]
    [InlineData("_bulk")]
    [InlineData("{\"index\":{}}")]
    [InlineData("😀 é \u202e")]
    public async Task WriteAsync_OddId_IsTakenLiterally(string id)
    {
        await using var sink = await OpenAsync();
        Assert.Equal([Applied], await WriteAsync(sink, Put(Document(id, "text"), 1)));
        Assert.Equal(id, (await FindAsync(id))!.Id);
    }

    [Fact]
    public async Task WriteAsync_LongestId_IsKept()
    {
        await using var sink = await OpenAsync();
        var id = new string('é', 256);
        Assert.Equal([Applied], await WriteAsync(sink, Put(Document(id, "text"), 1)));
        Assert.NotNull(await FindAsync(id));
    }

    [Fact]
    public async Task WriteAsync_EmptyAndHugeTexts_AreKept()
    {
        await using var sink = await OpenAsync();
        var huge = new string('x', 1_000_000);
        Assert.Equal([Applied, Applied], await WriteAsync(sink, Put(Document("empty", ""), 1), Put(Document("huge", huge), 1)));
        Assert.Equal(huge.Length, (await FindAsync("huge"))!.Text.Length);
        Assert.Equal("", (await FindAsync("empty"))!.Text);
    }

    [Fact]
    public async Task WriteAsync_ManyDocuments_AnswersEach()
    {
        await using var sink = await OpenAsync();
        var statuses = await WriteAsync(sink, [.. Enumerable.Range(0, 1_500).Select(i => Put(Document("d" + Number(i), "text " + Number(i)), 1 + i))]);
        Assert.Equal(1_500, statuses.Count);
        Assert.All(statuses, status => Assert.Equal(Applied, status));
        Assert.Equal("text 1499", (await FindAsync("d1499"))!.Text);
    }

    [Fact]
    public async Task WriteAsync_Nothing_AnswersNothing()
    {
        await using var sink = await OpenAsync();
        Assert.Empty(await sink.WriteAsync([], CancellationToken.None));
    }

    private const SinkStatus Applied = SinkStatus.Applied;

    /// <summary>An upsert.</summary>
    protected static DocumentWrite Put(EnrichedDocument document, long version) => new() { Id = document.Id, Version = version, Document = document };

    /// <summary>A delete.</summary>
    protected static DocumentWrite Delete(string id, long version) => new() { Id = id, Version = version };

    private static async Task<List<SinkStatus>> WriteAsync(IDocumentSink sink, params DocumentWrite[] writes)
    {
        var results = await sink.WriteAsync(writes, CancellationToken.None);
        Assert.Equal(writes.Length, results.Count);
        return [.. results.Select(result => result.Status)];
    }

    private static void AssertSame(EnrichedDocument expected, EnrichedDocument? actual)
    {
        Assert.NotNull(actual);
        Assert.Equal(
            JsonSerializer.Serialize(expected, ContractsJson.Wire.EnrichedDocument),
            JsonSerializer.Serialize(actual, ContractsJson.Wire.EnrichedDocument));
    }

    private static JsonElement Json(string text) => JsonElement.Parse(text);
}
