using System.Text;
using System.Text.Json;
using Streaming.Contracts;

namespace Streaming.Cli.Tests.EndToEnd;

/// <summary>Bad texts through the real commands: each costs itself and nothing else.</summary>
[Collection(EndToEndGroup.Name)]
public sealed class BadMessageTests
{
    [EnrichingFact]
    public async Task IngestAndRun_EveryBadLine_EndsAsItMustBesideItsNeighbours()
    {
        using var data = new DataFolderOfTest();
        var lines = Lines();
        await using (var file = File.Create(data.File("bad.jsonl")))
        {
            foreach (var line in lines)
            {
                // Each bad line has a good one before and behind it.
                file.Write(Good(line.Name + "-before"));
                file.Write(line.Bytes);
                file.WriteByte((byte)'\n');
            }

            file.Write(Good("last"));
        }

        var ingested = await ProductProcess.RunAsync("ingest", data.File("bad.jsonl"), "--json", "--data", data.Path);
        var report = JsonDocument.Parse(ingested.Ended(0).Out).RootElement;
        // Each line and the one before it, the last one, and the second of one id.
        Assert.Equal((2 * lines.Count) + 2, report.GetProperty("written").GetInt32());

        var ran = (await ProductProcess.RunAsync("run", Product.Minimal, "--once", "--json", "--data", data.Path)).Ended(0);
        Assert.DoesNotContain("   at ", ran.Error, StringComparison.Ordinal);
        var letters = (await data.DeadLettersAsync()).Select(static stored => stored.Letter).ToList();
        foreach (var line in lines.Where(static line => line.Code is not null))
        {
            var letter = Assert.Single(letters, letter => letter.Value is { } value && value.AsSpan().SequenceEqual(line.Bytes));
            Assert.True(line.Code == letter.Code, $"{line.Name}: {letter.Code} ({letter.Reason}) instead of {line.Code}");
        }

        Assert.Equal(lines.Count(static line => line.Code is not null), letters.Count);
        var good = lines.Select(static line => line.Name + "-before").Append("last").ToList();
        Assert.Equal(good, (await data.DocumentsAsync(good)).Keys);
        var fine = lines.Where(static line => line.Code is null).Select(static line => line.Name).ToList();
        var documents = await data.DocumentsAsync(fine);
        Assert.Equal(fine, documents.Keys);

        using var kept = JsonDocument.Parse(documents["unknown-fields"]);
        Assert.Equal("{\"deep\":[1,2]}", kept.RootElement.GetProperty("campaign").GetRawText());
        using var twice = JsonDocument.Parse(documents["twice"]);
        Assert.Equal("The second version of this text.", twice.RootElement.GetProperty("text").GetString());
        using var huge = JsonDocument.Parse(documents["huge-word"]);
        Assert.Equal(1 << 20, huge.RootElement.GetProperty("text").GetString()!.Length);

        var status = (await data.StatusAsync())!;
        Assert.Equal(status.Ingested, status.Outcomes.Total);
        Assert.Equal(0, status.Backlog);
        // A line under an id that was there already replaces its document: one more ended than documents are there.
        Assert.Equal(good.Count + fine.Count, await data.CountAsync());
        Assert.Equal(status.Outcomes.Indexed, await data.CountAsync() + 1);
    }

    [EnrichingFact]
    public async Task IngestAndRun_TextFileOfBytes_KeepsWhatIsNotUtf8AsItWas()
    {
        using var data = new DataFolderOfTest();
        byte[] bad = [(byte)'a', 0xC3, 0x28, 0xFF, 0xED, 0xA0, 0x80];
        await File.WriteAllBytesAsync(data.File("bad.txt"), [.. "Before it.\n"u8, .. bad, .. "\nBehind it.\r\n\n"u8]);
        (await ProductProcess.RunAsync("ingest", data.File("bad.txt"), "--data", data.Path)).Ended(0);
        (await ProductProcess.RunAsync("run", Product.Minimal, "--once", "--data", data.Path)).Ended(0);
        var letter = Assert.Single(await data.DeadLettersAsync()).Letter;
        Assert.Equal(ErrorCodes.InvalidUtf8, letter.Code);
        Assert.Equal(bad, letter.Value);
        Assert.Equal(2, await data.CountAsync());
    }

    [ProductFact]
    public async Task Ingest_LineLargerThanTheLogTakes_IsRefusedByNumberAndTheRestIsWritten()
    {
        using var data = new DataFolderOfTest();
        await File.WriteAllTextAsync(data.File("long.txt"), "Before it.\n" + new string('x', 33 << 20) + "\nBehind it.\n");
        var result = (await ProductProcess.RunAsync("ingest", data.File("long.txt"), "--json", "--data", data.Path)).Ended(1);
        Assert.Equal(ErrorCodes.MessageTooLarge, result.ErrorCode());
        Assert.Contains("line 2", result.Error, StringComparison.Ordinal);
        Assert.Equal(2, JsonDocument.Parse(result.Out).RootElement.GetProperty("written").GetInt32());
    }

    private static byte[] Good(string id) => Encoding.UTF8.GetBytes($"{{\"id\":\"{id}\",\"text\":\"The staff in Vienna was friendly.\"}}\n");

    private static List<BadLine> Lines() =>
    [
        new("not-utf8", [.. "{\"id\":\"not-utf8\",\"text\":\""u8, 0xFF, 0xFE, 0xC0, 0x80, .. "\"}"u8], ErrorCodes.InvalidUtf8),
        new("cesu8", [.. "{\"id\":\"cesu8\",\"text\":\""u8, 0xED, 0xA0, 0xBD, 0xED, 0xB8, 0x80, .. "\"}"u8], ErrorCodes.InvalidUtf8),
        Text("lone-surrogate", "{\"id\":\"lone-surrogate\",\"text\":\"a \\ud83d b\"}", ErrorCodes.LoneSurrogate),
        Text("raw-nul", "{\"id\":\"raw-nul\",\"text\":\"a\0b\"}", ErrorCodes.MalformedJson),
        Text("nul-only", new string('\0', 10_000), ErrorCodes.MalformedJson),
        Text("cut-off", "{\"id\":\"cut-off\",\"text\":\"no end", ErrorCodes.MalformedJson),
        Text("trailing", "{\"id\":\"trailing\",\"text\":\"a\"} b", ErrorCodes.MalformedJson),
        Text("bare-word", "nonsense", ErrorCodes.MalformedJson),
        Text("array", "[1,2,3]", ErrorCodes.MalformedJson),
        Text("duplicate-key", "{\"id\":\"duplicate-key\",\"text\":\"a\",\"text\":\"b\"}", ErrorCodes.MalformedJson),
        Text("duplicate-unknown", "{\"id\":\"duplicate-unknown\",\"text\":\"a\",\"x\":1,\"x\":2}", ErrorCodes.MalformedJson),
        Text("nan", "{\"id\":\"nan\",\"text\":\"a\",\"x\":NaN}", ErrorCodes.MalformedJson),
        Text("depth-65", $"{{\"id\":\"depth-65\",\"text\":\"a\",\"x\":{new string('[', 65)}{new string(']', 65)}}}", ErrorCodes.MalformedJson),
        Text("depth-10000", $"{{\"id\":\"depth-10000\",\"text\":\"a\",\"x\":{new string('[', 10_000)}{new string(']', 10_000)}}}", ErrorCodes.MalformedJson),
        Text("text-number", "{\"id\":\"text-number\",\"text\":17}", ErrorCodes.InvalidField),
        Text("text-null", "{\"id\":\"text-null\",\"text\":null}", ErrorCodes.InvalidField),
        Text("text-missing", "{\"id\":\"text-missing\",\"body\":\"a\"}", ErrorCodes.InvalidField),
        Text("id-number", "{\"id\":17,\"text\":\"a\"}", ErrorCodes.InvalidField),
        Text("id-long", $"{{\"id\":\"{new string('i', 513)}\",\"text\":\"a\"}}", ErrorCodes.InvalidId),
        Text("id-empty", "{\"id\":\"\",\"text\":\"a\"}", ErrorCodes.InvalidId),
        Text("time-wrong", "{\"id\":\"time-wrong\",\"text\":\"a\",\"event_time\":\"yesterday\"}", ErrorCodes.InvalidField),
        new("line-20-mib", Encoding.ASCII.GetBytes($"{{\"id\":\"line-20-mib\",\"text\":\"{new string('x', 20 << 20)}\"}}"), ErrorCodes.MessageTooLarge),

        Text("empty-text", "{\"id\":\"empty-text\",\"text\":\"\"}"),
        Text("white-text", "{\"id\":\"white-text\",\"text\":\" \\t\\u2028 \"}"),
        Text("escaped-nul", "{\"id\":\"escaped-nul\",\"text\":\"a\\u0000b in Berlin\"}"),
        Text("huge-word", $"{{\"id\":\"huge-word\",\"text\":\"{new string('w', 1 << 20)}\"}}"),
        Text("unknown-fields", "{\"id\":\"unknown-fields\",\"text\":\"It came from Rome.\",\"campaign\":{\"deep\":[1,2]},\"big\":1e400}"),
        Text("marks", $"{{\"id\":\"marks\",\"text\":\"e{new string('\u0301', 10_000)} was here\"}}"),
        Text("markup", "{\"id\":\"markup\",\"text\":\"<script>alert(1)</script> <mark>x</mark> '; DROP TABLE documents; --\"}"),
        Text("bidi", "{\"id\":\"bidi\",\"text\":\"a \u202E reversed \u200B\u200D \U000E0041 end\"}"),
        Text("twice", "{\"id\":\"twice\",\"text\":\"The first version of this text.\"}\n{\"id\":\"twice\",\"text\":\"The second version of this text.\"}"),
    ];

    private static BadLine Text(string name, string line, string? code = null) => new(name, Encoding.UTF8.GetBytes(line), code);

    private sealed record BadLine(string Name, byte[] Bytes, string? Code);
}
