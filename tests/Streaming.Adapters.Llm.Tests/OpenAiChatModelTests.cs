using System.Net;
using Streaming.Contracts;
using Streaming.Core;
using Streaming.Core.Topology;
using Streaming.Learning.Labelling;
using Streaming.Testing.Faults;
using Streaming.Testing.Servers;

namespace Streaming.Adapters.Llm.Tests;

public sealed class OpenAiChatModelTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    public async Task LabelAsync_HonestEndpoint_GivesSamplesOfAllTasksWithTheirCost()
    {
        await using var world = await LlmWorld.StartAsync();
        world.Endpoint.Reply = question => question.Last switch
        {
            var text when text.Contains("named entity", StringComparison.Ordinal) => """{"PER": ["Anna"], "LOC": ["Bonn", "Atlantis"]}""",
            var text when text.Contains("topics are", StringComparison.Ordinal) => """{"topics": ["food"]}""",
            var text when text.Contains("author", StringComparison.Ordinal) => """{"sentiment": "positive"}""",
            _ => "```json\n{\"positive\": [\"soup\"]}\n```",
        };
        world.Endpoint.Usage = static (_, _) => (1_000, 100);
        using var labeller = world.Labeller();

        var samples = await labeller.LabelAsync(LlmWorld.Request("Anna liked the soup in Bonn", LabelTask.Entities, LabelTask.Topics, LabelTask.Sentiment, LabelTask.Aspects), None);

        Assert.Equal([new SampleSpan(0, 4, "PER"), new SampleSpan(23, 27, "LOC")], samples[0].Spans);
        Assert.Equal((3, 1), (samples[0].Mentions, samples[0].Hallucinated));
        Assert.Equal(("food", "positive"), (samples[1].Labels[0], samples[2].Labels[0]));
        Assert.Equal(new SampleSpan(15, 19, "positive"), Assert.Single(samples[3].Spans));
        Assert.All(samples, sample => Assert.Equal((0.0012, 1_000, 100, "m", LabellerKind.Llm), (Math.Round(sample.Cost, 9), sample.InputTokens, sample.OutputTokens, sample.Labeller, sample.LabellerKind)));
        Assert.All(samples, sample => Assert.Matches("^standard@[0-9a-f]{12}$", sample.PromptVersion));
        Assert.Equal(0.0048, await world.Store.Spending.SpentTodayAsync(None), 1e-9);
        Assert.All(world.Endpoint.Questions, question => Assert.Equal("Bearer canary-key", question.Headers["Authorization"]));
    }

    [FaultRow(28)]
    [Theory]
    [InlineData(LlmFault.Down, "llm_unavailable")]
    [InlineData(LlmFault.Error, "llm_unavailable")]
    [InlineData(LlmFault.RateLimited, "llm_unavailable")]
    [InlineData(LlmFault.NotJson, "llm_bad_reply")]
    [InlineData(LlmFault.Truncated, "llm_unavailable")]
    [InlineData(LlmFault.Huge, "llm_bad_reply")]
    [InlineData(LlmFault.NoChoices, "llm_bad_reply")]
    public async Task LabelAsync_EndpointFailsAndComesBack_IsAskedAgainAndNothingIsMadeUp(LlmFault fault, string code)
    {
        using var report = FaultReport.Begin(28);
        await using var world = await LlmWorld.StartAsync();
        world.Endpoint.Fault = number => number <= 1 ? fault : LlmFault.None;
        world.Endpoint.Reply = static _ => """{"PER": ["Anna"]}""";
        using var labeller = world.Labeller();

        var away = await Assert.ThrowsAsync<DependencyUnavailableException>(async () => await labeller.LabelAsync(LlmWorld.Request("Anna"), None));
        var sample = Assert.Single(await labeller.LabelAsync(LlmWorld.Request("Anna"), None));

        Assert.Contains(away.Code, new[] { code, "llm_unavailable", "llm_bad_reply" });
        Assert.DoesNotContain("canary-key", away.ToString(), StringComparison.Ordinal);
        Assert.Equal("PER", Assert.Single(sample.Spans).Label);
        report.Seen($"endpoint {fault}: waited for, 0 invalid labels");
    }

    [Theory]
    [InlineData(LlmFault.Unauthorised, "llm_unauthorised")]
    [InlineData(LlmFault.Redirect, "llm_redirect")]
    public async Task LabelAsync_SettingIsWrong_SaysWhichWithoutTheKey(LlmFault fault, string code)
    {
        await using var world = await LlmWorld.StartAsync();
        world.Endpoint.Fault = _ => fault;
        using var labeller = world.Labeller();

        var error = await Assert.ThrowsAsync<ChatCallException>(async () => await labeller.LabelAsync(LlmWorld.Request("Anna"), None));

        Assert.Equal(code, error.Code);
        Assert.Contains("labelling.llm", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("canary-key", error.ToString(), StringComparison.Ordinal);
        Assert.Equal(0, await world.Store.Spending.SpentTodayAsync(None));
    }

    [Theory]
    [InlineData("I would label Anna as a person.", "malformed_reply")]
    [InlineData("", "empty_reply")]
    [InlineData("""{"PERSON": ["Anna"]}""", "off_label")]
    [InlineData("""{"PER": "Anna"}""", "malformed_reply")]
    [InlineData("""{"PER": ["Anna"]} and more""", "malformed_reply")]
    public async Task LabelAsync_ReplyDoesNotFit_IsMendedOnceThenGivenUp(string reply, string reason)
    {
        await using var world = await LlmWorld.StartAsync();
        world.Endpoint.Reply = question => question.Number == 2 ? """{"PER": ["Anna"]}""" : reply;
        using var labeller = world.Labeller();

        var mended = Assert.Single(await labeller.LabelAsync(LlmWorld.Request("Anna"), None));
        var given = Assert.Single(await labeller.LabelAsync(LlmWorld.Request("Anna and Ben"), None));

        Assert.Equal((SampleValidity.Valid, 1), (mended.Validity, mended.Spans.Count));
        Assert.Equal((SampleValidity.Abstained, reason, 0), (given.Validity, given.Reason, given.Spans.Count));
        Assert.Equal(4, world.Endpoint.Questions.Count);
    }

    [Fact]
    public async Task LabelAsync_RefusedText_IsAnAbstention()
    {
        await using var world = await LlmWorld.StartAsync();
        world.Endpoint.Fault = static _ => LlmFault.BadRequest;
        using var labeller = world.Labeller();

        Assert.Equal("llm_refused", Assert.Single(await labeller.LabelAsync(LlmWorld.Request("Anna"), None)).Reason);
    }

    [Fact]
    public async Task LabelAsync_NoUsageTold_CostsAllThatWasReserved()
    {
        await using var world = await LlmWorld.StartAsync();
        world.Endpoint.Fault = static _ => LlmFault.NoUsage;
        using var labeller = world.Labeller();

        var sample = Assert.Single(await labeller.LabelAsync(LlmWorld.Request("Anna"), None));

        Assert.True(sample.Cost > world.Options.MaxOutputTokens * 2 / 1e6);
        Assert.Equal(sample.Cost, await world.Store.Spending.SpentTodayAsync(None), 1e-8);
    }

    [Fact]
    public async Task LabelAsync_OverBudget_StopsBeforeTheCallAndMainPathKnowsWhy()
    {
        await using var world = await LlmWorld.StartAsync();
        world.Options = world.Options with { Caps = new(0.001, 1) };
        using var labeller = world.Labeller();

        Assert.Equal("label_cap_reached", (await Assert.ThrowsAsync<DependencyUnavailableException>(async () => await labeller.LabelAsync(LlmWorld.Request("Anna"), None))).Code);
        world.Options = world.Options with { Caps = new(1, 0.001) };
        using var other = world.Labeller();
        Assert.Equal("document_cap", Assert.Single(await other.LabelAsync(LlmWorld.Request("Anna"), None)).Reason);
        Assert.Empty(world.Endpoint.Questions);
    }

    [Fact]
    public async Task CompleteAsync_NoAnswer_EndsAtItsTimeout()
    {
        await using var world = await LlmWorld.StartAsync();
        world.Endpoint.Fault = static _ => LlmFault.Slow;
        using var model = new OpenAiChatModel(new OpenAiOptions { Url = world.Endpoint.Url, Network = LlmNetwork.Loopback, Model = "m", Timeout = TimeSpan.FromMilliseconds(300) });

        var error = await Assert.ThrowsAsync<ChatCallException>(async () => await model.CompleteAsync(new ChatRequest { Messages = [new(ChatRole.User, "hello")] }, None));

        Assert.Equal(("llm_timeout", ChatFailure.Transient, true), (error.Code, error.Kind, error.MayHaveCost));
    }

    [Fact]
    public async Task CompleteAsync_RateLimited_TellsHowLongToWait()
    {
        await using var world = await LlmWorld.StartAsync();
        world.Endpoint.Fault = static _ => LlmFault.RateLimited;

        var error = await Assert.ThrowsAsync<ChatCallException>(async () => await world.Model.CompleteAsync(new ChatRequest { Messages = [new(ChatRole.User, "hello")] }, None));

        Assert.Equal((TimeSpan.FromSeconds(7), false), (error.RetryAfter, error.MayHaveCost));
    }

    [Fact]
    public async Task CompleteAsync_InwardAddress_IsRefusedAtTheConnection()
    {
        await using var world = await LlmWorld.StartAsync();
        using var model = new OpenAiChatModel(new OpenAiOptions { Url = new Uri(world.Endpoint.Url.ToString().Replace("http://", "https://", StringComparison.Ordinal)), Model = "m" });

        var error = await Assert.ThrowsAsync<ChatCallException>(async () => await model.CompleteAsync(new ChatRequest { Messages = [new(ChatRole.User, "hello")] }, None));

        Assert.Equal("llm_address_refused", error.Code);
        Assert.Empty(world.Endpoint.Questions);
        Assert.Equal("llm_address_refused", Assert.Throws<StreamingException>(() => new OpenAiChatModel(new OpenAiOptions { Url = world.Endpoint.Url, Model = "m" })).Code);
    }

    [Theory]
    [InlineData("8.8.8.8", true, true, true)]
    [InlineData("2606:4700::1111", true, true, true)]
    [InlineData("127.0.0.1", false, true, true)]
    [InlineData("127.8.9.1", false, true, true)]
    [InlineData("::1", false, true, true)]
    [InlineData("::ffff:127.0.0.1", false, true, true)]
    [InlineData("10.1.2.3", false, false, true)]
    [InlineData("172.31.0.1", false, false, true)]
    [InlineData("192.168.1.1", false, false, true)]
    [InlineData("::ffff:10.0.0.1", false, false, true)]
    [InlineData("100.64.0.1", false, false, true)]
    [InlineData("fd00::1", false, false, true)]
    [InlineData("169.254.169.254", false, false, false)]
    [InlineData("::ffff:169.254.169.254", false, false, false)]
    [InlineData("fe80::1", false, false, false)]
    [InlineData("64:ff9b::a9fe:a9fe", false, false, false)]
    [InlineData("0.0.0.0", false, false, false)]
    [InlineData("224.0.0.1", false, false, false)]
    [InlineData("255.255.255.255", false, false, false)]
    public void Allows_Address_ByNetwork(string address, bool inPublic, bool inLoopback, bool inPrivate)
    {
        var ip = IPAddress.Parse(address);

        Assert.Equal((inPublic, inLoopback, inPrivate), (AddressRule.Allows(LlmNetwork.Public, ip), AddressRule.Allows(LlmNetwork.Loopback, ip), AddressRule.Allows(LlmNetwork.Private, ip)));
    }
}
