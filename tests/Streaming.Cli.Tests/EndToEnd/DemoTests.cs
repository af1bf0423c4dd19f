using System.Net.Http.Json;
using System.Text.Json;

namespace Streaming.Cli.Tests.EndToEnd;

[Collection(EndToEndGroup.Name)]
public sealed class DemoTests
{
    private static readonly string[] Fields =
    [
        "documents_in", "indexed", "dead_lettered", "filtered", "deleted", "entities", "topics", "sentiments", "aspects", "tokens",
        "seconds", "documents_per_second", "model", "model_version", "package_set", "peak_memory_bytes",
    ];

    [EnrichingFact]
    public async Task DemoOnceJson_TwiceOnOneFolder_GivesTheSameAndEveryDocumentOnce()
    {
        using var data = new DataFolderOfTest();
        var ids = Product.SampleLines.Select(static line => JsonDocument.Parse(line).RootElement.GetProperty("id").GetString()!).ToList();
        var first = await RunAsync(data);
        var documents = await data.DocumentsAsync(ids);
        var second = await RunAsync(data);

        foreach (var report in (JsonElement[])[first, second])
        {
            Assert.Equal(Fields, report.EnumerateObject().Select(static field => field.Name));
            Assert.Equal(ids.Count, report.GetProperty("documents_in").GetInt32());
            Assert.Equal(ids.Count, report.GetProperty("indexed").GetInt32());
            Assert.Equal(ids.Count, report.GetProperty("sentiments").GetInt32());
            Assert.All((string[])["dead_lettered", "filtered", "deleted"], name => Assert.Equal(0, report.GetProperty(name).GetInt32()));
            Assert.All((string[])["entities", "topics", "aspects", "tokens", "seconds", "peak_memory_bytes"], name => Assert.True(report.GetProperty(name).GetDouble() > 0, name));
        }

        Assert.All((string[])["entities", "topics", "sentiments", "aspects", "tokens", "model", "model_version", "package_set"],
            name => Assert.Equal(first.GetProperty(name).GetRawText(), second.GetProperty(name).GetRawText()));
        Assert.Equal(ids.Count, ids.Distinct().Count());
        Assert.Equal(ids.Count, documents.Count);
        Assert.Equal(ids.Count, await data.CountAsync());
        Assert.Equal(first.GetProperty("entities").GetInt32(), documents.Values.Sum(static json => JsonDocument.Parse(json).RootElement.GetProperty("entities").GetArrayLength()));

        static async Task<JsonElement> RunAsync(DataFolderOfTest data)
        {
            var result = (await ProductProcess.RunAsync("demo", "--once", "--json", "--data", data.Path)).Ended(0);
            var line = Assert.Single(result.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries));
            return JsonDocument.Parse(line).RootElement;
        }
    }

    [EnrichingFact]
    public async Task Demo_TwoFoldersSideBySide_ServeTheirOwnAndDrainOnSigterm()
    {
        using var one = new DataFolderOfTest();
        using var two = new DataFolderOfTest();
        await using var first = ProductProcess.Start(["demo", "--data", one.Path, "--port", "0"]);
        await using var second = ProductProcess.Start(["demo", "--json", "--data", two.Path, "--port", "0"]);
        foreach (var demo in (ProductProcess[])[first, second])
        {
            using var http = new HttpClient { BaseAddress = AddressIn(await demo.SaysAsync("http://")) };
            Assert.Contains("<title>", await http.GetStringAsync("/"), StringComparison.Ordinal);
            await Eventually.TrueAsync(async () => (await http.GetAsync("/health/ready")).IsSuccessStatusCode, "ready");
            await Eventually.TrueAsync(async () => (await SearchAsync(http, "")).GetProperty("total").GetInt32() > 0, "a document");
        }

        using (var http = new HttpClient { BaseAddress = AddressIn(first.Error) })
        {
            await http.PostAsJsonAsync("/v1/topics/text.raw/messages", new { id = "only-here", text = "The zygomorphic orchid stands in this folder alone." });
            await Eventually.TrueAsync(async () => (await SearchAsync(http, "zygomorphic")).GetProperty("total").GetInt32() == 1, "the document posted");
        }

        using (var http = new HttpClient { BaseAddress = AddressIn(second.Error) })
            Assert.Equal(0, (await SearchAsync(http, "zygomorphic")).GetProperty("total").GetInt32());

        first.Terminate();
        second.Terminate();
        foreach (var (demo, data) in ((ProductProcess, DataFolderOfTest)[])[(first, one), (second, two)])
        {
            var result = (await demo.EndAsync()).Ended(0);
            Assert.DoesNotContain("error ", result.Error, StringComparison.Ordinal);
            var status = await data.StatusAsync();
            Assert.Equal(status!.Ingested, status.Outcomes.Total + status.Backlog);
            Assert.Equal(status.Outcomes.Indexed, await data.CountAsync());

            // Only what asked for it prints a report, and that is one JSON object.
            if (demo == second)
                Assert.Equal(status.Outcomes.Indexed, JsonElement.Parse(result.Out).GetProperty("indexed").GetInt64());
            else
                Assert.Equal("", result.Out);
        }
    }

    internal static async Task<JsonElement> SearchAsync(HttpClient http, string query) =>
        await http.GetFromJsonAsync<JsonElement>("/v1/search?q=" + Uri.EscapeDataString(query));

    internal static Uri AddressIn(string text)
    {
        var begin = text.IndexOf("http://", StringComparison.Ordinal);
        return new Uri(new string([.. text[begin..].TakeWhile(static c => !char.IsWhiteSpace(c))]));
    }
}
