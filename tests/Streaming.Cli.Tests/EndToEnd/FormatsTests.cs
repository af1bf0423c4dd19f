using System.Text.Json;

namespace Streaming.Cli.Tests.EndToEnd;

/// <summary>Every way to hand texts to the command, and what it hands back.</summary>
public sealed class FormatsTests
{
    [EnrichingFact]
    public async Task IngestRunSearch_EveryFormat_FindsTheDocumentsAndCounts()
    {
        using var data = new DataFolderOfTest();
        var lines = data.WriteLines("texts.txt", ["Angela Merkel visited Hamburg on Tuesday.", "", "The breakfast at the Grand Hotel was cold."]);
        var jsonl = data.WriteLines("texts.jsonl",
        [
            """{"id":"a/1","text":"Contoso opened an office in Dublin.","source":"news","event_time":"2024-05-06T07:08:09Z","extra":[1]}""",
            """{"id":"a/2","text":"How do I reset my password?"}""",
        ]);
        var csv = data.WriteLines("texts.csv", ["number,body", "1,\"Lisbon is \"\"lovely\"\", she said.\"", "2,plain"]);
        (await ProductProcess.RunAsync("ingest", lines, "--data", data.Path)).Ended(0);
        (await ProductProcess.RunAsync("ingest", jsonl, "--data", data.Path)).Ended(0);
        (await ProductProcess.RunAsync("ingest", csv, "--column", "body", "--data", data.Path)).Ended(0);
        (await ProductProcess.RunAsync(["ingest", "-", "--data", data.Path], null, "Paris in spring.\n"u8.ToArray())).Ended(0);
        (await ProductProcess.RunAsync("run", Path.Combine(Product.Home, "topologies", "minimal.yaml"), "--once", "--data", data.Path)).Ended(0);

        var found = await SearchAsync(data, "dublin");
        Assert.Equal(1, found.GetProperty("total").GetInt32());
        var document = found.GetProperty("hits")[0].GetProperty("document");
        Assert.Equal("a/1", document.GetProperty("id").GetString());
        Assert.Equal("2024-05-06T07:08:09", document.GetProperty("event_time").GetString()![..19]);
        Assert.Equal(1, document.GetProperty("extra")[0].GetInt32());
        var text = document.GetProperty("text").GetString()!;
        Assert.All(document.GetProperty("entities").EnumerateArray(), e =>
            Assert.Equal(e.GetProperty("text").GetString(), text[e.GetProperty("start").GetInt32()..e.GetProperty("end").GetInt32()]));
        Assert.Equal(1, (await SearchAsync(data, "\"Lisbon is\" lovely")).GetProperty("total").GetInt32());
        Assert.Equal(0, (await SearchAsync(data, "dublin", "--source", "nowhere")).GetProperty("total").GetInt32());
        Assert.Equal(7, (await SearchAsync(data)).GetProperty("total").GetInt32());
    }

    [EnrichingFact]
    public async Task Tokenize_LinesOnStandardInput_HasIdsAndOffsetsOfEach()
    {
        var finished = (await ProductProcess.RunAsync(["tokenize", "-", "--json"], null, "Hello 😀 world\n\nzweite\n"u8.ToArray())).Ended(0);
        var lines = finished.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static l => JsonDocument.Parse(l).RootElement).ToList();
        Assert.Equal(3, lines.Count);
        Assert.Equal([101, 102], lines[1].GetProperty("ids").EnumerateArray().Select(static i => i.GetInt32()));
        var offsets = lines[0].GetProperty("offsets").EnumerateArray().Select(static o => (o[0].GetInt32(), o[1].GetInt32())).ToList();
        Assert.Equal((0, 0), offsets[0]);
        Assert.Equal((0, 5), offsets[1]);
        Assert.Equal((9, 14), offsets[^2]);
    }

    private static async Task<JsonElement> SearchAsync(DataFolderOfTest data, params string[] arguments) =>
        JsonDocument.Parse((await ProductProcess.RunAsync(["search", .. arguments, "--json", "--data", data.Path])).Ended(0).Out).RootElement;
}
