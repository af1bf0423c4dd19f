using System.Text.Json;

namespace Streaming.Cli.Tests.EndToEnd;

[Collection(EndToEndGroup.Name)]
public sealed class LearnDemoTests
{
    [EnrichingFact]
    public async Task LearnOnceJson_EmptyFolder_GetsBetterWhileTheStreamRunsAndRefusesTheBadModel()
    {
        using var data = new DataFolderOfTest();
        var result = (await ProductProcess.RunAsync("demo", "--learn", "--once", "--json", "--data", data.Path)).Ended(0);
        var report = JsonDocument.Parse(Assert.Single(result.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries))).RootElement;

        Assert.True(report.GetProperty("f1_after").GetDouble() > report.GetProperty("f1_before").GetDouble() + 0.1, result.Out);
        Assert.InRange(report.GetProperty("swaps").GetInt32(), 1, 20);
        Assert.InRange(report.GetProperty("refused").GetInt32(), 1, 20);
        Assert.True(report.GetProperty("bad_model_refused").GetBoolean());
        Assert.True(report.GetProperty("labelled").GetInt32() > 100);
        Assert.Equal(report.GetProperty("documents").GetInt32(), report.GetProperty("indexed").GetInt32());
        Assert.Equal(0, report.GetProperty("dead_lettered").GetInt32());

        var folder = Path.Combine(data.Path, "learning-demo");
        var version = report.GetProperty("model_version").GetString();
        var lineage = JsonDocument.Parse((await ProductProcess.RunAsync("lineage", $"learning-demo@{version}", "--json", "--data", folder)).Ended(0).Out).RootElement;
        Assert.Equal("promoted", lineage.GetProperty("bundles")[0].GetProperty("decision").GetString());
        Assert.True(lineage.GetProperty("bundles")[0].GetProperty("labels").GetInt32() > 100);
        Assert.Equal("starter", lineage.GetProperty("bundles").EnumerateArray().Last().GetProperty("name").GetString());
    }
}
