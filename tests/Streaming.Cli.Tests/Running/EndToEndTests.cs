using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;

namespace Streaming.Cli.Tests.Running;

public sealed class EndToEndTests
{
    [StarterFact]
    public async Task IngestRunSearch_ThreeFormats_FindsTheDocumentsAndCounts()
    {
        using var binary = new Binary();
        var lines = binary.Write("texts.txt", "Angela Merkel visited Hamburg on Tuesday.\n\nThe breakfast at the Grand Hotel was cold.\n");
        var jsonl = binary.Write("texts.jsonl", """
            {"id":"a/1","text":"Contoso opened an office in Dublin.","source":"news","event_time":"2024-05-06T07:08:09Z","extra":[1]}
            {"id":"a/2","text":"How do I reset my password?"}
            """);
        var csv = binary.Write("texts.csv", "number,body\n1,\"Lisbon is \"\"lovely\"\", she said.\"\n2,plain\n");
        (await binary.RunAsync("ingest", lines)).Ok();
        (await binary.RunAsync("ingest", jsonl)).Ok();
        (await binary.RunAsync("ingest", csv, "--column", "body")).Ok();
        (await binary.RunWithInputAsync("Paris in spring.\n"u8.ToArray(), "ingest", "-")).Ok();
        (await binary.RunAsync("run", Binary.Minimal, "--once")).Ok();

        var found = (await binary.RunAsync("search", "dublin", "--json")).Json();
        Assert.Equal(1, found.GetProperty("total").GetInt32());
        var document = found.GetProperty("hits")[0].GetProperty("document");
        Assert.Equal("a/1", document.GetProperty("id").GetString());
        Assert.Equal("2024-05-06T07:08:09", document.GetProperty("event_time").GetString()![..19]);
        Assert.Equal(1, document.GetProperty("extra")[0].GetInt32());
        var text = document.GetProperty("text").GetString()!;
        Assert.All(document.GetProperty("entities").EnumerateArray(), e =>
            Assert.Equal(e.GetProperty("text").GetString(), text[e.GetProperty("start").GetInt32()..e.GetProperty("end").GetInt32()]));
        Assert.Equal(1, (await binary.RunAsync("search", "\"Lisbon is\" lovely", "--json")).Json().GetProperty("total").GetInt32());
        Assert.Equal(0, (await binary.RunAsync("search", "dublin", "--source", "nowhere", "--json")).Json().GetProperty("total").GetInt32());

        var status = (await binary.RunAsync("status", "--json")).Ok().Output;
        Assert.Contains("\"ingested\":7", status, StringComparison.Ordinal);
        Assert.Contains("\"indexed\":7", status, StringComparison.Ordinal);
        Assert.Contains("\"backlog\":0", status, StringComparison.Ordinal);
    }

    [StarterFact]
    public async Task DemoOnce_Twice_DoublesNothing()
    {
        using var binary = new Binary();
        var first = (await binary.RunAsync("demo", "--once", "--json")).Json();
        var documents = first.GetProperty("documents_in").GetInt64();
        Assert.True(documents >= 1_000);
        Assert.Equal(documents, first.GetProperty("indexed").GetInt64());
        Assert.Equal(0, first.GetProperty("dead_lettered").GetInt64());
        foreach (var name in new[] { "entities", "topics", "sentiments", "aspects", "documents_per_second", "peak_memory_bytes" })
            Assert.True(first.GetProperty(name).GetDouble() > 0, name);
        Assert.False(string.IsNullOrEmpty(first.GetProperty("model_version").GetString()));
        Assert.Contains(first.GetProperty("package_set").GetString(), new[] { "core", "full" });
        (await binary.RunAsync("demo", "--once", "--json")).Ok();
        Assert.Equal(documents, (await binary.RunAsync("search", "--json")).Json().GetProperty("total").GetInt64());
    }

    [StarterFact]
    public async Task Run_WithServer_TakesMessagesAndFindsThemAndDrainsOnSignal()
    {
        using var binary = new Binary();
        using var process = binary.Start("run", Binary.Minimal, "--port", "0");
        string? line;
        while ((line = await process.StandardError.ReadLineAsync()) is not null && !line.StartsWith("serving ", StringComparison.Ordinal))
        {
        }

        Assert.NotNull(line);
        var rest = process.StandardError.ReadToEndAsync();
        using var client = new HttpClient { BaseAddress = new Uri(line["serving ".Length..].Trim()) };
        await UntilAsync(async () => (await client.GetAsync(new Uri("/health/ready", UriKind.Relative))).StatusCode == HttpStatusCode.OK);
        using var content = new StringContent("""{"id":"http-1","text":"Ada Lovelace lived in London."}""", Encoding.UTF8, "application/json");
        Assert.Equal(HttpStatusCode.OK, (await client.PostAsync(new Uri("/v1/topics/text.raw/messages", UriKind.Relative), content)).StatusCode);
        await UntilAsync(async () => (await client.GetAsync(new Uri("/v1/documents/http-1", UriKind.Relative))).IsSuccessStatusCode);
        Assert.Contains("Ada Lovelace", await client.GetStringAsync(new Uri("/v1/search?q=lovelace&entity=PER", UriKind.Relative)), StringComparison.Ordinal);
        Assert.Contains("streaming_documents_total", await client.GetStringAsync(new Uri("/metrics", UriKind.Relative)), StringComparison.Ordinal);
        Assert.Contains("/assets/app.js", await client.GetStringAsync(new Uri("/", UriKind.Relative)), StringComparison.Ordinal);

        using (var kill = Process.Start("kill", ["-TERM", process.Id.ToString(CultureInfo.InvariantCulture)]))
            await kill.WaitForExitAsync();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await process.WaitForExitAsync(patience.Token);
        Assert.True(process.ExitCode == 0, await rest);
        Assert.Contains("drained: 1 indexed", await rest, StringComparison.Ordinal);
    }

    [StarterFact]
    public async Task Predict_Json_AnnotatesOneText()
    {
        using var binary = new Binary();
        var answer = (await binary.RunAsync("predict", "Angela Merkel visited Hamburg.", "--json")).Json();
        Assert.Contains(answer.GetProperty("entities").EnumerateArray(), static e => e.GetProperty("text").GetString() == "Angela Merkel");
        Assert.False(Directory.Exists(binary.Data), "looking at one text makes no data folder");
    }

    [StarterFact]
    public async Task Tokenize_Json_HasIdsAndOffsetsOfEachLine()
    {
        using var binary = new Binary();
        var finished = (await binary.RunWithInputAsync("Hello 😀 world\n\nzweite\n"u8.ToArray(), "tokenize", "-", "--json")).Ok();
        var lines = finished.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static l => JsonDocument.Parse(l).RootElement).ToList();
        Assert.Equal(3, lines.Count);
        Assert.Equal([101, 102], lines[1].GetProperty("ids").EnumerateArray().Select(static i => i.GetInt32()));
        var offsets = lines[0].GetProperty("offsets").EnumerateArray().Select(static o => (o[0].GetInt32(), o[1].GetInt32())).ToList();
        Assert.Equal((0, 0), offsets[0]);
        Assert.Equal((0, 5), offsets[1]);
        Assert.Equal((9, 14), offsets[^2]);
    }

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!await condition())
            await timer.WaitForNextTickAsync(patience.Token);
    }
}
