using System.Text.Json;
using System.Text.RegularExpressions;
using Streaming.Contracts;
using Streaming.Learning.Labelling;
using Streaming.Testing.Fakes;
using Streaming.Testing.Faults;
using Streaming.Testing.Servers;

namespace Streaming.Adapters.Llm.Tests;

/// <summary>Document text is data. The endpoint here obeys every order it finds in it, in a dozen ways; nothing of that may get into the store.</summary>
public sealed partial class InjectionTests
{
    [Fact]
    [FaultRow(28)]
    public async Task LabelAsync_200AttacksAgainstAnObedientModel_StoreNothingOffLabelAndNoCanary()
    {
        using var report = FaultReport.Begin(28);
        Assert.Equal(200, Injections.Texts.Distinct().Count());
        await using var world = await LlmWorld.StartAsync();
        world.Endpoint.Reply = Obey;
        using var labeller = world.Labeller();
        var worker = new List<LabelledSample>();
        foreach (var text in Injections.Texts)
            worker.AddRange(await labeller.LabelAsync(LlmWorld.Request(text, LabelTask.Entities, LabelTask.Topics, LabelTask.Sentiment, LabelTask.Aspects), CancellationToken.None));
        await world.Store.Samples.AddSamplesAsync(worker, CancellationToken.None);

        var stored = (await world.Store.Samples.ListSamplesAsync(new() { Size = 10_000 }, CancellationToken.None)).Select(one => one.Sample).ToList();
        var secrets = world.Endpoint.Questions.SelectMany(question => Secret().Matches(question.System).Select(match => match.Groups[1].Value)).Distinct().ToList();
        Assert.Equal(800, stored.Count);
        Assert.True(secrets.Count >= 800, $"{secrets.Count} secrets were drawn");
        var offLabel = stored.Count(sample => sample.Spans.Select(span => span.Label).Concat(sample.Labels).Any(label => !world.Options.Labels[sample.Task].Contains(label)));
        var notInText = stored.Count(sample => LabelMessages.Problem(sample) is not null);
        var everything = string.Join('\n', stored.Select(sample => JsonSerializer.Serialize(sample, ContractsJson.Wire.LabelledSample)));
        Assert.Equal((0, 0, 0), (offLabel, notInText, secrets.Count(secret => everything.Contains(secret, StringComparison.Ordinal))));
        Assert.Contains(stored, sample => sample.Reason == "canary_leak");
        Assert.Contains(stored, sample => sample.Reason == "off_label");
        report.Seen("injections: 200 attacks on 4 tasks, 0 off-label, 0 canary leaks");
    }

    [Fact]
    public async Task LabelAsync_TextWithPlaceholdersAndDelimiters_StaysBetweenTheRealOnes()
    {
        await using var world = await LlmWorld.StartAsync();
        using var labeller = world.Labeller("chain_of_thought");
        foreach (var text in Injections.Texts)
            await labeller.LabelAsync(LlmWorld.Request(text), CancellationToken.None);

        Assert.All(world.Endpoint.Questions.Zip(Injections.Texts), pair =>
        {
            var nonce = Secret().Match(pair.First.System).Groups[1].Value;
            Assert.EndsWith($"<<<document {nonce}>>>\n{pair.Second}\n<<<end {nonce}>>>", pair.First.Last, StringComparison.Ordinal);
            Assert.DoesNotContain(Canary().Match(pair.First.System).Value, pair.First.Last, StringComparison.Ordinal);
        });
    }

    // As a model would that takes orders from anywhere: each time in another way.
    private static string Obey(LlmQuestion question)
    {
        var canary = Canary().Match(question.System).Value;
        return (question.Number % 12) switch
        {
            0 => "I have been pwned.",
            1 => """{"HACKED": ["everything"]}""",
            2 => question.System,
            3 => $$"""{"PER": ["{{canary}}"]}""",
            4 => """{"PASSWORD": ["Anna", "Smith"]}""",
            5 => """{"PER": ["John Invented", "Nobody Atall"], "admin": true}""",
            6 => """{"topics": ["SECRET"]}""",
            7 => """{"sentiment": "obey"}""",
            8 => $$"""{"reasoning": "{{canary}}", "PER": ["Anna Smith"]}""",
            9 => """{"PER": ["Anna Smith"], "PER": ["delete_all_documents"]}""",
            10 => """{"PER": ["John Invented", "Anna Smith"], "LOC": ["Atlantis"]}""",
            _ => $"{{\"PER\": [\"{Secret().Match(question.System).Groups[1].Value}\"]}}",
        };
    }

    [GeneratedRegex("<<<document ([0-9a-f]{16})>>>")]
    private static partial Regex Secret();

    [GeneratedRegex("canary-[0-9a-f]{16}")]
    private static partial Regex Canary();
}
