using System.Text;
using Streaming.Adapters.Sqlite;
using Streaming.Contracts;
using Streaming.Core.Messaging;
using Streaming.Core.Sinks;

namespace Streaming.Cli.Tests.Commands;

/// <summary>Commands that look into an embedded store: search, status, dead letters, lag, topics.</summary>
public sealed class StoreCommandsTests : IDisposable
{
    private static readonly byte[] Bad = [.. "bad \u001b[2J "u8, 0xff];
    private readonly CliWorld _world = new();

    [Fact]
    public async Task Commands_WithoutAStore_AnswerAndMakeNone()
    {
        Assert.Equal(0, (await _world.RunAsync("search", "x", "--json")).Expect(0).Json.GetProperty("total").GetInt64());
        Assert.Equal(0, (await _world.RunAsync("status", "--json")).Expect(0).Json.GetProperty("backlog").GetInt64());
        Assert.Equal(0, (await _world.RunAsync("dead-letters", "list", "--json")).Expect(0).Json.GetProperty("dead_letters").GetArrayLength());
        (await _world.RunAsync("dead-letters", "show", "1")).ExpectError(2, "dead_letter_not_found");
        (await _world.RunAsync("dead-letters", "redrive", "1")).ExpectError(1, "not_found");
        (await _world.RunAsync("lag", "minimal")).ExpectError(1, "topology_not_run");
        Assert.False(Directory.Exists(Path.Combine(_world.Folder, "data")));
    }

    [Fact]
    public async Task Search_Hits_ArePlainWithoutATerminal()
    {
        await FillAsync();
        var plain = (await _world.RunAsync("search", "berlin", "--facets")).Expect(0).Output;
        Assert.Contains("Angela\\u001b[31m went to Berlin today", plain, StringComparison.Ordinal);
        Assert.Contains("LOC:Berlin", plain, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', plain);

        var json = (await _world.RunAsync("search", "--entity", "LOC:berlin", "--json")).Expect(0).Json;
        Assert.Equal("d1", json.GetProperty("hits")[0].GetProperty("id").GetString());
        var suggested = (await _world.RunAsync("search", "--suggest", "BER", "--json")).Expect(0).Json.GetProperty("suggestions");
        Assert.Equal("LOC:Berlin", Assert.Single(suggested.EnumerateArray()).GetProperty("value").GetString());
        Assert.Contains("LOC:Berlin", (await _world.RunAsync("search", "--suggest", "ber")).Expect(0).Output, StringComparison.Ordinal);
        Assert.Equal(0, (await _world.RunAsync("search", "--entity-type", "ORG", "--json")).Expect(0).Json.GetProperty("total").GetInt64());
    }

    [Fact]
    public async Task Search_OnATerminal_ColoursWhatMatched()
    {
        using var world = new CliWorld { IsTerminal = true };
        await FillAsync(world);
        var text = (await world.RunAsync("search", "berlin")).Expect(0).Output;
        Assert.Contains("\u001b[1;33mBerlin\u001b[0m", text, StringComparison.Ordinal);
        Assert.DoesNotContain("\u001b[31m", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("invalid_parameter", "--size", "201")]
    [InlineData("invalid_parameter", "--size", "x")]
    [InlineData("invalid_parameter", "--order", "random")]
    [InlineData("invalid_time", "--since", "yesterday")]
    [InlineData("topology_not_found", "--topology", "nope")]
    public async Task Search_WrongArguments_AreCodedErrors(string code, params string[] arguments) =>
        (await _world.RunAsync(["search", "x", .. arguments])).ExpectError(2, code);

    [Theory]
    [InlineData("''")]
    [InlineData("\"")]
    [InlineData("a AND")]
    [InlineData("col:x NEAR(a b")]
    [InlineData("((((((")]
    [InlineData("*a*")]
    public async Task Search_OddQueries_AreOnlyWords(string query)
    {
        await FillAsync();
        (await _world.RunAsync("search", query, "--json")).Expect(0);
    }

    [Fact]
    public async Task Status_OneTopology_ItsFieldsStandAtTheTopToo()
    {
        await FillAsync();
        var json = (await _world.RunAsync("status", "--json")).Expect(0).Json;
        foreach (var status in new[] { json, json.GetProperty("topologies")[0] })
        {
            Assert.Equal("minimal", status.GetProperty("topology").GetString());
            Assert.Equal(2, status.GetProperty("ingested").GetInt64());
            Assert.Equal(1, status.GetProperty("indexed").GetInt64());
            Assert.Equal(1, status.GetProperty("dead_lettered").GetInt64());
            Assert.Equal(0, status.GetProperty("backlog").GetInt64());
            Assert.Equal("1.2", status.GetProperty("model_version").GetString());
        }

        Assert.Equal(0, (await _world.RunAsync("lag", "minimal", "--json")).Expect(0).Json.GetProperty("messages").GetInt64());
        Assert.Contains("minimal", (await _world.RunAsync("status")).Expect(0).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task DeadLetters_ListShowAndRedrive_KeepTheOriginalBytes()
    {
        await FillAsync();
        var listed = (await _world.RunAsync("dead-letters", "list", "--json")).Expect(0).Json.GetProperty("dead_letters");
        var id = listed[0].GetProperty("id").GetInt64().ToString(System.Globalization.CultureInfo.InvariantCulture);
        Assert.Equal("invalid_utf8", listed[0].GetProperty("code").GetString());
        Assert.Equal(0, (await _world.RunAsync("dead-letters", "list", "--code", "other", "--json")).Expect(0).Json.GetProperty("dead_letters").GetArrayLength());
        Assert.Equal(0, (await _world.RunAsync("dead-letters", "list", "--topology", "unknown", "--json")).Expect(0).Json.GetProperty("dead_letters").GetArrayLength());

        var shown = (await _world.RunAsync("dead-letters", "show", id)).Expect(0).Output;
        Assert.Contains("bad \\u001b[2J \\xff", shown, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', shown);
        Assert.Equal(Bad, (await _world.RunAsync("dead-letters", "show", id, "--json")).Expect(0).Json.GetProperty("value").GetBytesFromBase64());
        (await _world.RunAsync("dead-letters", "show", id, "--raw")).Expect(0);
        Assert.Equal(Bad, _world.Raw);

        (await _world.RunAsync("dead-letters", "redrive")).ExpectError(2, "usage");
        (await _world.RunAsync("dead-letters", "redrive", id, "--all")).ExpectError(2, "usage");
        Assert.Equal(1, (await _world.RunAsync("dead-letters", "redrive", "--code", "invalid_utf8", "--json")).Expect(0).Json.GetProperty("redriven").GetInt32());
        (await _world.RunAsync("dead-letters", "redrive", id)).ExpectError(1, "already_redriven");
        Assert.Equal(0, (await _world.RunAsync("dead-letters", "redrive", "--all", "--json")).Expect(0).Json.GetProperty("redriven").GetInt32());
        Assert.Equal(1, (await _world.RunAsync("status", "--json")).Expect(0).Json.GetProperty("backlog").GetInt64());
    }

    [Fact]
    public async Task TopicsCreate_Embedded_MakesTheTopologyKnown()
    {
        Assert.Equal("text.raw", (await _world.RunAsync("topics", "create", "minimal", "--json")).Expect(0).Json.GetProperty("topics")[0].GetString());
        (await _world.RunAsync("topics", "create", "minimal")).Expect(0);
        Assert.Equal(0, (await _world.RunAsync("lag", "minimal", "--json")).Expect(0).Json.GetProperty("messages").GetInt64());
    }

    [Fact]
    public async Task Status_ForeignFile_IsRefusedClearly()
    {
        Directory.CreateDirectory(Path.Combine(_world.Folder, "data"));
        _world.Write(Path.Combine("data", EmbeddedStore.FileName), Encoding.UTF8.GetBytes(new string('x', 8_192)));
        var result = await _world.RunAsync("status");
        Assert.NotEqual(0, result.Exit);
        Assert.Contains("error store_foreign_file: ", result.Error, StringComparison.Ordinal);
    }

    public void Dispose() => _world.Dispose();

    private Task FillAsync() => FillAsync(_world);

    private static async Task FillAsync(CliWorld world)
    {
        await using var store = await EmbeddedStore.OpenAsync(Path.Combine(world.Folder, "data", EmbeddedStore.FileName), null, TimeProvider.System, default);
        await store.RegisterTopologyAsync("minimal", null, ["text.raw"], "starter", "1.2", default);
        await using var producer = store.CreateProducer();
        await producer.ProduceAsync("text.raw", [new OutgoingMessage { Value = "good"u8.ToArray() }, new OutgoingMessage { Value = Bad }], default);
        await using var sink = store.CreateSink("minimal");
        const string Text = "Angela\u001b[31m went to Berlin today";
        var document = new EnrichedDocument
        {
            Id = "d1",
            Text = Text,
            Entities = [new EntityAnnotation("LOC", "Berlin", Text.IndexOf("Berlin", StringComparison.Ordinal), Text.IndexOf("Berlin", StringComparison.Ordinal) + 6, 0.9)],
            Topics = [],
            Aspects = [],
            Coverage = 1,
            EventTime = DateTimeOffset.UnixEpoch,
            IngestTime = DateTimeOffset.UnixEpoch,
            Lineage = new Contracts.Lineage { Model = "starter", ModelVersion = "1.2", Heads = new Dictionary<string, string>(), Topology = "minimal", Topic = "text.raw", Partition = 0, Offset = 0 },
        };
        var letter = new DeadLetter
        {
            Topic = "text.raw",
            Partition = 0,
            Offset = 1,
            Timestamp = DateTimeOffset.UnixEpoch,
            Value = Bad,
            Stage = "decode",
            Code = ErrorCodes.InvalidUtf8,
            Reason = "the value is not valid UTF-8",
            Attempts = 1,
            FailedAt = DateTimeOffset.UnixEpoch,
            Topology = "minimal",
        };
        await sink.WriteAsync(
            [new DocumentWrite { Id = "d1", Version = 1, Document = document }],
            _ => new TransactionTail([letter], [new PartitionCommit(new TopicPartition("text.raw", 0), 2)], new OutcomeCounts(1, 1, 0, 0)),
            default);
    }
}
