using System.Text;
using System.Text.Json;
using Streaming.Adapters.Sqlite;
using Streaming.Adapters.Sqlite.Log;
using Streaming.Core.Messaging;

namespace Streaming.Cli.Tests.Ingest;

public sealed class IngestCommandTests : IDisposable
{
    private readonly CliWorld _world = new();

    [Fact]
    public async Task Ingest_Lines_KeepsEveryTextAsItIs()
    {
        byte[] content = [.. "\uFEFFfirst\r\n{\"text\": \"braces\"}\r\n\n  { spaced\n\uFEFFmark\nNUL\0here\nbad "u8, 0xff, .. "\nlast"u8];
        var result = await _world.RunAsync("ingest", _world.Write("a.txt", content), "--json");

        Assert.Equal(7, result.Expect(0).Json.GetProperty("written").GetInt64());
        Assert.Equal(1, result.Json.GetProperty("blank").GetInt64());
        var texts = (await ReadAsync()).ConvertAll(Decode);
        Assert.Equal(["first", "{\"text\": \"braces\"}", "  { spaced", "\uFEFFmark", "NUL\0here", "invalid_utf8", "last"], texts);
    }

    [Fact]
    public async Task Ingest_JsonLines_KeepsBytesAndTakesIdsForKeys()
    {
        var lines = new[] { "{\"id\":\"7\",\"text\":\"a\",\"x\":1}", "{\"text\": \"unfinished", "no json", "[1]", "\"a string\"", "{\"text\":\"deep\",\"y\":{\"id\":\"no\"}}" };
        var result = await _world.RunAsync("ingest", _world.Write("a.jsonl", Encoding.UTF8.GetBytes(string.Join("\r\n", lines) + "\n \n")));

        result.Expect(0);
        var messages = await ReadAsync();
        Assert.Equal(lines[..4], messages.Take(4).Select(static m => Encoding.UTF8.GetString(m.Value!.Value.Span)));
        Assert.Equal(["7", null, null, null, null, null], messages.Select(static m => m.Key is { } key ? Encoding.UTF8.GetString(key.Span) : null));
        Assert.Equal(["a", "malformed_json", "malformed_json", "malformed_json", "a string", "deep"], messages.ConvertAll(Decode));
    }

    [Fact]
    public async Task Ingest_Csv_TakesTextIdAndMetadata()
    {
        byte[] content = [.. "\uFEFFid,body,lang\r\n1,\"hello, \"\"you\"\"\nthere\",en\n2\n3,caf"u8, 0xe9, .. ",fr\n4,été,fr,more\n"u8];
        var result = await _world.RunAsync("ingest", _world.Write("a.csv", content), "--column", "body", "--id-column", "id");

        result.ExpectError(1, "malformed_row");
        Assert.Contains("line 4", result.Error, StringComparison.Ordinal);
        var messages = await ReadAsync();
        Assert.Equal(["hello, \"you\"\nthere", "invalid_utf8", "été"], messages.ConvertAll(Decode));
        var last = JsonElement.Parse(messages[2].Value!.Value.Span);
        Assert.Equal("4", last.GetProperty("id").GetString());
        Assert.Equal("fr", last.GetProperty("metadata").GetProperty("lang").GetString());
        Assert.Equal("more", last.GetProperty("metadata").GetProperty("column_4").GetString());
        Assert.Equal("4", Encoding.UTF8.GetString(messages[2].Key!.Value.Span));
    }

    [Fact]
    public async Task Ingest_Tsv_QuotesAreText()
    {
        (await _world.RunAsync("ingest", _world.Write("a.tsv", "text\tn\n\"open\t1\n"u8))).Expect(0);
        Assert.Equal(["\"open"], (await ReadAsync()).ConvertAll(Decode));
    }

    [Fact]
    public async Task Ingest_StandardInput_IsJudgedByItsFirstByte()
    {
        _world.Input = " {\"text\":\"a\"}\n"u8.ToArray();
        (await _world.RunAsync("ingest", "-")).Expect(0);
        _world.Input = "plain\n"u8.ToArray();
        (await _world.RunAsync("ingest", "-")).Expect(0);
        _world.Input = [];
        (await _world.RunAsync("ingest", "-")).Expect(0);
        Assert.Equal(["a", "plain"], (await ReadAsync()).ConvertAll(Decode));
    }

    [Fact]
    public async Task Ingest_LineBeyondTheLimit_IsNamedAndOthersGoOn()
    {
        var content = Encoding.UTF8.GetBytes($"one\n{new string('x', 33 * 1024 * 1024)}\n{new string('y', 1_000_000)}\n");
        var result = await _world.RunAsync("ingest", _world.Write("a.txt", content));

        result.ExpectError(1, "message_too_large");
        Assert.Contains("line 2", result.Error, StringComparison.Ordinal);
        Assert.Equal([3, 1_000_000], (await ReadAsync()).ConvertAll(static m => m.Value!.Value.Length));
    }

    [Theory]
    [InlineData("input_not_found", "nowhere.txt")]
    [InlineData("input_unreadable", ".")]
    [InlineData("invalid_parameter", "FILE", "--format", "xml")]
    [InlineData("invalid_parameter", "FILE", "--column", "text")]
    [InlineData("column_not_found", "FILE", "--format", "csv", "--column", "nope")]
    [InlineData("invalid_topic", "FILE", "--topic", "no/topic")]
    [InlineData("topology_not_found", "FILE", "--topology", "nope")]
    public async Task Ingest_WrongArguments_AreOneCodedError(string code, params string[] arguments)
    {
        var file = _world.Write("a.txt", "one\n"u8);
        (await _world.RunAsync(["ingest", .. arguments.Select(a => a == "FILE" ? file : a)])).ExpectError(2, code);
    }

    [Fact]
    public async Task Ingest_ManyLines_ArriveInOrder()
    {
        var lines = Enumerable.Range(0, 2_345).Select(static i => $"text {i}").ToList();
        var result = await _world.RunAsync("ingest", _world.Write("a", Encoding.UTF8.GetBytes(string.Join('\n', lines))), "--topic", "other", "--json");
        Assert.Equal(2_345, result.Expect(0).Json.GetProperty("written").GetInt64());
        Assert.Equal(lines, (await ReadAsync("other")).ConvertAll(Decode));
    }

    public void Dispose() => _world.Dispose();

    private static string Decode(SourceMessage message)
    {
        var decoded = new MessageDecoder(new()).Decode(message);
        return decoded.IsSuccess ? decoded.Value.Text!.Text : decoded.Failure.Code;
    }

    private async Task<List<SourceMessage>> ReadAsync(string topic = "text.raw")
    {
        await using var store = await EmbeddedStore.OpenAsync(Path.Combine(_world.Folder, "data", EmbeddedStore.FileName), null, TimeProvider.System, default);
        await using var source = store.CreateSource(new EmbeddedSourceOptions { Group = "test", Topics = [topic], StopAtEnd = true });
        await source.StartAsync(new NoListener(), default);
        var messages = new List<SourceMessage>();
        while (await source.ReadAsync(1_000, long.MaxValue, default) is { Count: > 0 } read)
            messages.AddRange(read);
        return messages;
    }

    private sealed class NoListener : IAssignmentListener
    {
        public void OnAssigned(IReadOnlyList<PartitionCommit> partitions, int epoch)
        {
        }

        public ValueTask OnRevokingAsync(IReadOnlyList<TopicPartition> partitions, CancellationToken cancellationToken) => default;

        public void OnLost(IReadOnlyList<TopicPartition> partitions)
        {
        }
    }
}
