using System.Text;
using Streaming.Contracts;

namespace Streaming.Cli.Tests.Running;

/// <summary>Bad input costs itself and nothing else: a dead letter with the original bytes, or one coded line; neighbours are indexed.</summary>
public sealed class BadInputTests
{
    [StarterFact]
    public async Task IngestRun_BadLinesAmongGoodOnes_DeadLetterThemWholeAndIndexTheRest()
    {
        (byte[] Line, string? Code)[] cases =
        [
            (Bytes("{\"id\":\"n0\",\"text\":\"first good one\"}"), null),
            ([.. "{\"id\":\"u\",\"text\":\"broken "u8, 0xff, 0xfe, .. "\"}"u8], ErrorCodes.InvalidUtf8),
            (Bytes("{\"id\":\"s\",\"text\":\"lone \\ud800 surrogate\"}"), ErrorCodes.LoneSurrogate),
            (Bytes("{\"id\":\"nul\",\"text\":\"with \\u0000 inside\"}"), null),
            (Bytes("{\"id\":\"word\",\"text\":\"" + new string('x', 1_000_000) + "\"}"), null),
            (Bytes("{\"id\":\"empty\",\"text\":\"\"}"), null),
            (Bytes("{\"id\":\"m\",\"text\":\"unfinished\""), ErrorCodes.MalformedJson),
            (Bytes("{\"id\":\"d\",\"text\":\"a\",\"text\":\"b\"}"), ErrorCodes.MalformedJson),
            (Bytes("{\"id\":\"more\",\"text\":\"unknown fields stay\",\"other\":{\"a\":[1,2]}}"), null),
            (Bytes("{\"id\":\"t\",\"text\":5}"), ErrorCodes.InvalidField),
            (Bytes("{\"id\":7,\"text\":\"a number for an id\"}"), ErrorCodes.InvalidId),
            (Bytes("{\"id\":\"none\"}"), ErrorCodes.InvalidField),
            (Bytes("{\"id\":\"e\",\"text\":\"when\",\"event_time\":\"soon\"}"), ErrorCodes.InvalidField),
            (Bytes("{\"id\":\"deep\",\"text\":\"x\",\"metadata\":" + new string('[', 200) + new string(']', 200) + "}"), ErrorCodes.MalformedJson),
            (Bytes("{\"id\":\"" + new string('i', 513) + "\",\"text\":\"long id\"}"), ErrorCodes.InvalidId),
            (Bytes("{\"id\":\"twice\",\"text\":\"the first version\"}"), null),
            (Bytes("{\"id\":\"twice\",\"text\":\"the second version\"}"), null),
            (Bytes("{\"id\":\"n1\",\"text\":\"last good one\"}"), null),
        ];
        using var binary = new Binary();
        var file = binary.Write("bad.jsonl", cases.SelectMany(static c => c.Line.Append((byte)'\n')).ToArray());
        await binary.RunAsync("ingest", file, "--format", "jsonl");
        (await binary.RunAsync("run", Binary.Minimal, "--once")).Ok();

        var letters = await StoreReader.DeadLettersAsync(binary.Data);
        foreach (var (line, code) in cases)
        {
            var letter = letters.SingleOrDefault(l => l.Value.AsSpan().SequenceEqual(line));
            Assert.True(letter?.Code == code, $"{Encoding.UTF8.GetString(line.AsSpan(0, Math.Min(60, line.Length)))}: expected {code ?? "no dead letter"}, but it was {letter?.Code ?? "none"}");
        }

        Assert.Equal(cases.Count(static c => c.Code is not null), letters.Count);
        foreach (var id in new[] { "n0", "n1", "nul", "word", "empty", "more" })
            Assert.True(await StoreReader.DocumentAsync(binary.Data, id) is not null, id);
        Assert.Equal("the second version", (await StoreReader.DocumentAsync(binary.Data, "twice"))!.Text);
        Assert.Equal("with \0 inside", (await StoreReader.DocumentAsync(binary.Data, "nul"))!.Text);
        var status = (await binary.RunAsync("status", "--json")).Ok().Output;
        Assert.Contains("\"backlog\":0", status, StringComparison.Ordinal);
    }

    [StarterFact]
    public async Task Ingest_LinesThatAreNotUtf8_AreDeadLetteredAndNeighboursIndexed()
    {
        using var binary = new Binary();
        byte[] bad = [0xc3, 0x28, 0xed, 0xa0, 0x80];
        var file = binary.Write("lines.txt", [.. "one\n"u8, .. bad, .. "\n{not json but text}\ntwo\0three\n"u8]);
        (await binary.RunAsync("ingest", file, "--format", "lines")).Ok();
        (await binary.RunAsync("run", Binary.Minimal, "--once")).Ok();
        var letter = Assert.Single(await StoreReader.DeadLettersAsync(binary.Data));
        Assert.Equal((ErrorCodes.InvalidUtf8, Convert.ToHexString(bad)), (letter.Code, Convert.ToHexString(letter.Value!)));
        var found = (await binary.RunAsync("search", "--json")).Json();
        Assert.Equal(3, found.GetProperty("total").GetInt32());
        Assert.Contains(found.GetProperty("hits").EnumerateArray(), static h => h.GetProperty("document").GetProperty("text").GetString() == "{not json but text}");
    }

    [StarterFact]
    public async Task Run_MissingModel_FailsWithItsCode()
    {
        using var binary = new Binary();
        var topology = binary.Write("t.yaml", "name: t\nsource: { topics: [text.raw] }\nmodel: { bundle: nowhere }\nsink: {}\n");
        (await binary.RunAsync("run", topology, "--once")).FailedWith(2, "model_not_found");
    }

    [StarterFact]
    public async Task Run_ModelWithAnotherDigest_FailsWithItsCode()
    {
        using var binary = new Binary();
        var copy = Path.Combine(binary.Data, "models", "tampered");
        var starter = Path.Combine(Streaming.Testing.SharedFolder.RepositoryRoot, "models", "starter");
        foreach (var file in Directory.EnumerateFiles(starter, "*", SearchOption.AllDirectories))
        {
            var to = Path.Combine(copy, Path.GetRelativePath(starter, file));
            Directory.CreateDirectory(Path.GetDirectoryName(to)!);
            File.Copy(file, to);
        }

        var head = Directory.EnumerateFiles(Path.Combine(copy, "heads")).Order(StringComparer.Ordinal).First();
        var bytes = await File.ReadAllBytesAsync(head);
        bytes[^1] ^= 1;
        await File.WriteAllBytesAsync(head, bytes);
        var topology = binary.Write("t.yaml", "name: t\nsource: { topics: [text.raw] }\nmodel: { bundle: tampered }\nsink: {}\n");
        (await binary.RunAsync("run", topology, "--once")).FailedWith(2, "model_digest_mismatch");
    }

    [Theory]
    [InlineData("name: t\nsource: { topics: [a] }\nsink: {}\nmodell: {}\n", "modell")]
    [InlineData("name: t\nsource: { topics: [a] }\nsink: {}\nbatching: { max_batch_tokens: many }\n", "max_batch_tokens")]
    [InlineData("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", "t.yaml")]
    [InlineData("name: 'unfinished\n", "t.yaml")]
    [InlineData("", "t.yaml")]
    public async Task Run_WrongTopology_FailsWithItsCodeAndPlace(string yaml, string mention)
    {
        using var binary = new Binary();
        var finished = await binary.RunAsync("run", binary.Write("t.yaml", yaml), "--once");
        finished.FailedWith(2, "invalid_topology");
        Assert.Contains(mention, finished.Error, StringComparison.Ordinal);
        Assert.Contains("t.yaml:", finished.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Any_ForeignOrDamagedStore_IsRefused()
    {
        using var binary = new Binary();
        Directory.CreateDirectory(binary.Data);
        await File.WriteAllTextAsync(Path.Combine(binary.Data, "streaming.db"), string.Concat(Enumerable.Repeat("this is somebody's diary\n", 500)));
        var finished = await binary.RunAsync("status", "--json");
        Assert.True(finished.ExitCode is 2 or 3, finished.Error);
        Assert.Matches("^error store_[a-z_]+: ", finished.Error);
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("run")]
    [InlineData("search", "--size", "x")]
    [InlineData("ingest", "no-such-file.txt")]
    [InlineData("demo", "--port", "99999")]
    public async Task Any_WrongArguments_AreUsageErrors(params string[] arguments)
    {
        using var binary = new Binary();
        var finished = await binary.RunAsync(arguments);
        Assert.True(finished.ExitCode == 2, $"ended with {finished.ExitCode}: {finished.Error}");
        Assert.Matches("(?m)^error [a-z_]+: ", finished.Error);
        Assert.DoesNotContain("   at ", finished.Error, StringComparison.Ordinal);
    }

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);
}
