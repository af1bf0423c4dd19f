using System.Text;
using System.Text.Json;
using Streaming.Cli.Tests.Running;
using Streaming.Contracts;
using Streaming.Testing.Servers;

namespace Streaming.Cli.Tests.Labelling;

/// <summary>Choosing and labelling from the command line, with the starter bundle and an endpoint that speaks the real protocol.</summary>
public sealed class LabelCommandTests
{
    private const string Settings = "name: lt\nsource: {topics: [lt.raw]}\nlabelling: {enabled: true, below: {entities: 0.999, sentiment: 0.999}, control_rate: 0.2, random_share: 0.5, budget_per_hour: 100, llm: {LLM}}\n";

    [StarterFact]
    public async Task Label_ChosenDocuments_AreAnsweredOnceByTheModelAndTheRestByAFile()
    {
        using var world = new CliWorld();
        await using var endpoint = new FakeLlm
        {
            Reply = static question => question.Last.Contains("named entity", StringComparison.Ordinal) ? """{"PER": ["Anna"], "LOC": ["Nowhere"]}"""
                : question.Last.Contains("author", StringComparison.Ordinal) ? """{"sentiment": "neutral"}"""
                : question.Last.Contains("topics are", StringComparison.Ordinal) ? "no JSON at all"
                : "{}",
        };
        var topology = world.Write("lt.yaml", Encoding.UTF8.GetBytes(Settings.Replace("LLM", $"url: \"{endpoint.Url}\", network: loopback, model: m, input_price: 1, output_price: 2, requests_per_minute: 100000", StringComparison.Ordinal)));
        var texts = world.Write("t.txt", Encoding.UTF8.GetBytes(string.Join('\n', Enumerable.Range(0, 20).Select(i => $"Anna said that number {i} of the {i * 7} trains to Bonn-{i} came late again."))));
        (await world.RunAsync("ingest", texts, "--topic", "lt.raw")).Expect(0);
        var run = (await world.RunAsync("run", topology, "--once", "--json")).Expect(0).Json.GetProperty("labelling");

        var chosen = (await world.RunAsync("samples", "stats", "--json")).Expect(0).Json;
        var labelled = (await world.RunAsync("label", topology, "--once", "--json")).Expect(0).Json;
        var stats = (await world.RunAsync("samples", "stats", "--json")).Expect(0).Json;
        var again = (await world.RunAsync("label", topology, "--once", "--json")).Expect(0).Json;

        var requests = chosen.GetProperty("requests").GetInt32();
        Assert.InRange(requests, 2, 20);
        Assert.Equal(20, run.GetProperty("considered").GetInt32());
        Assert.Equal(requests, run.GetProperty("chosen").EnumerateObject().Sum(reason => reason.Value.GetInt32()));
        Assert.InRange(chosen.GetProperty("control_requests").GetInt32(), 1, requests);
        Assert.Equal((requests, 0), (labelled.GetProperty("requests").GetInt32(), again.GetProperty("requests").GetInt32()));
        Assert.Equal(0, stats.GetProperty("unanswered").GetInt32());
        Assert.True(stats.GetProperty("spent_today").GetDouble() > 0);
        var groups = stats.GetProperty("groups").EnumerateArray().ToDictionary(group => group.GetProperty("task").GetString()!);
        Assert.Equal(0.5, groups["entities"].GetProperty("hallucination_rate").GetDouble());
        Assert.Equal(0, groups["topics"].GetProperty("valid").GetInt32());
        Assert.True(groups["topics"].GetProperty("abstained").GetInt32() > 0);
        Assert.Contains("uncertain", (await world.RunAsync("samples", "list")).Expect(0).Output, StringComparison.Ordinal);

        var lines = (await world.RunAsync("samples", "export")).Expect(0).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var entities = lines.Select(line => JsonSerializer.Deserialize(line, ContractsJson.Wire.LabelledSample)!).First(sample => sample.Task == LabelTask.Entities);
        Assert.Equal(("Anna", "PER"), (entities.Text[entities.Spans[0].Start..entities.Spans[0].End], entities.Spans[0].Label));
    }

    [Fact]
    public async Task Label_WhatIsMissing_IsNamed()
    {
        using var world = new CliWorld();
        var topology = world.Write("lt.yaml", Encoding.UTF8.GetBytes(Settings.Replace("LLM", "", StringComparison.Ordinal)));

        (await world.RunAsync("label", topology, "--once")).ExpectError(2, "llm_missing");
        (await world.RunAsync("label", topology, "--labeller", "replay")).ExpectError(2, "gold_missing");
        (await world.RunAsync("label", topology, "--labeller", "magic")).ExpectError(2, "unknown_labeller");
        (await world.RunAsync("label", topology, "--labeller", "simulated", "--gold", world.Write("g.jsonl", "{"u8))).ExpectError(2, "gold_invalid");
        (await world.RunAsync("label", topology, "--labeller", "simulated", "--gold", world.Write("e.jsonl", ""u8), "--errors", "miss=2")).ExpectError(2, "simulated_errors_invalid");
        Assert.Contains("nothing was chosen", (await world.RunAsync("samples", "stats")).Expect(0).Output, StringComparison.Ordinal);
    }
}
