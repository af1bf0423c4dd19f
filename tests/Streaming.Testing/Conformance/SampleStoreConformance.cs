using Streaming.Contracts;
using Streaming.Core.Labelling;
using Streaming.Testing.Fakes;

namespace Streaming.Testing.Conformance;

/// <summary>What every <see cref="ISampleStore"/> keeps.</summary>
public abstract class SampleStoreConformance
{
    private static readonly CancellationToken None = CancellationToken.None;

    /// <summary>An empty store; one a test.</summary>
    protected abstract Task<ISampleStore> OpenAsync();

    [Fact]
    public async Task AddRequestsAsync_SameIdAgain_KeepsTheFirst()
    {
        var store = await OpenAsync();

        Assert.Equal(2, await store.AddRequestsAsync([Request("a"), Request("b", 0.9)], None));
        Assert.Equal(1, await store.AddRequestsAsync([Request("a", 0.1, text: "another"), Request("c")], None));

        Assert.Equal(["a", "b", "c"], (await store.ListRequestsAsync(new(), None)).Select(stored => stored.Request.Id));
        Assert.Equal("text", (await store.FindRequestAsync("a", None))!.Text);
        Assert.Null(await store.FindRequestAsync("d", None));
    }

    [Fact]
    public async Task ListRequestsAsync_ByPriorityAndByWhoAnswered_GivesTheQueueOfAPerson()
    {
        var store = await OpenAsync();
        await store.AddRequestsAsync([Request("a", 0.2), Request("b", 0.9), Request("c", 0.5), Request("d", 0.7, topology: "other")], None);
        await store.AddSamplesAsync([Sample("b", LabellerKind.Person, "anna"), Sample("c", LabellerKind.Person, "ben"), Sample("c", LabellerKind.Llm, "m")], None);

        var anna = await store.ListRequestsAsync(new() { Topology = "t", ByPriority = true, UnansweredBy = "anna" }, None);
        var twice = await store.ListRequestsAsync(new() { MinLabellers = 2 }, None);

        Assert.Equal([("c", 2), ("a", 0)], anna.Select(stored => (stored.Request.Id, stored.Samples)));
        Assert.Equal("c", Assert.Single(twice).Request.Id);
        Assert.Equal(["d", "c"], (await store.ListRequestsAsync(new() { NewestFirst = true, Size = 2 }, None)).Select(stored => stored.Request.Id));
        Assert.Equal(["c", "d"], (await store.ListRequestsAsync(new() { AfterSequence = 2 }, None)).Select(stored => stored.Request.Id));
        Assert.Equal("a", Assert.Single(await store.ListRequestsAsync(new() { DocumentId = "doc-a" }, None)).Request.Id);
    }

    [Fact]
    public async Task AddSamplesAsync_LaterAnswer_ReplacesTheEarlierWithANewSequence()
    {
        var store = await OpenAsync();
        var first = Sample("a", LabellerKind.Person, "anna");
        await store.AddSamplesAsync([first, Sample("b", LabellerKind.Llm, "m")], None);

        Assert.Equal(0, await store.AddSamplesAsync([first], None));
        Assert.Equal(1, await store.AddSamplesAsync([first with { LabelledAt = Make.Noon.AddMinutes(1), Spans = [] }], None));
        Assert.Equal(0, await store.AddSamplesAsync([first with { LabelledAt = Make.Noon.AddMinutes(-1), Spans = [] }], None));

        var all = await store.ListSamplesAsync(new(), None);
        Assert.Equal(["b", "a"], all.Select(stored => stored.Sample.RequestId));
        Assert.Equal([2L, 3L], all.Select(stored => stored.Sequence));
        Assert.Empty(all[1].Sample.Spans);
        Assert.Equal("a", Assert.Single(await store.ListSamplesAsync(new() { AfterSequence = 2 }, None)).Sample.RequestId);
    }

    [Fact]
    public async Task ListSamplesAsync_Filters_ChooseWhatTheySay()
    {
        var store = await OpenAsync();
        await store.AddSamplesAsync(
            [
                Sample("a", LabellerKind.Person, "anna"),
                Sample("b", LabellerKind.Llm, "m") with { Task = LabelTask.Topics, Id = "b-topics", Labels = ["food"], Spans = [] },
                Sample("c", LabellerKind.Llm, "m") with { Validity = SampleValidity.Abstained, Reason = "off_label" },
                Sample("d", LabellerKind.Llm, "m") with { ControlSlice = true },
                Sample("e", LabellerKind.Llm, "m") with { Topology = "other" },
            ],
            None);

        Assert.Equal(["a", "c", "d", "e"], await Requests(new() { Task = LabelTask.Entities }));
        Assert.Equal(["a"], await Requests(new() { Kind = LabellerKind.Person }));
        Assert.Equal(["a", "b", "d", "e"], await Requests(new() { ValidOnly = true }));
        Assert.Equal(["d"], await Requests(new() { ControlSlice = true }));
        Assert.Equal(["a", "b", "c"], await Requests(new() { ControlSlice = false, Topology = "t" }));
        Assert.Equal(["c"], await Requests(new() { RequestId = "c" }));
        Assert.Equal(["b"], await Requests(new() { DocumentId = "doc-b" }));
        Assert.Equal(["a", "b"], await Requests(new() { Size = 2 }));

        async Task<IEnumerable<string>> Requests(SampleQuery query) => (await store.ListSamplesAsync(query, None)).Select(stored => stored.Sample.RequestId);
    }

    [Fact]
    public async Task RemoveSamplesAsync_Undo_TakesItBack()
    {
        var store = await OpenAsync();
        var sample = Sample("a", LabellerKind.Person, "anna");
        await store.AddSamplesAsync([sample], None);

        Assert.Equal(1, await store.RemoveSamplesAsync([sample.Id, "unknown"], None));
        Assert.Empty(await store.ListSamplesAsync(new(), None));
        Assert.Equal(1, await store.AddSamplesAsync([sample], None));
        Assert.Equal(2, Assert.Single(await store.ListSamplesAsync(new(), None)).Sequence);
    }

    [Fact]
    public async Task GetStatisticsAsync_Totals_AddUp()
    {
        var store = await OpenAsync();
        await store.AddRequestsAsync([Request("a"), Request("b") with { ControlSlice = true, Reasons = [new(SelectionReason.Control)] }, Request("c") with { Source = null }, Request("d", topology: "other")], None);
        await store.AddSamplesAsync(
            [
                Sample("a", LabellerKind.Llm, "m") with { PromptVersion = "p@1", Mentions = 4, Hallucinated = 1, Discontinuous = 1, Cost = 0.25, InputTokens = 100, OutputTokens = 10 },
                Sample("b", LabellerKind.Llm, "m") with { PromptVersion = "p@1", Mentions = 4, Cost = 0.5, InputTokens = 50, OutputTokens = 5, ControlSlice = true },
                Sample("c", LabellerKind.Person, "anna") with { Validity = SampleValidity.Rejected },
            ],
            None);

        var all = await store.GetStatisticsAsync("t", 0, None);
        var later = await store.GetStatisticsAsync("t", 2, None);

        Assert.Equal((3L, 1L, 0L, 3L), (all.Requests, all.ControlRequests, all.Unanswered, all.LastSequence));
        Assert.Equal(4, (await store.GetStatisticsAsync(null, 0, None)).Requests);
        Assert.Equal(1, (await store.GetStatisticsAsync(null, 0, None)).Unanswered);
        Assert.Equal(2, all.Reasons[SelectionReason.Uncertain]);
        Assert.Equal(1, all.Reasons[SelectionReason.Control]);
        Assert.Equal((2L, 1L), (all.Sources["s"], all.Sources[""]));
        var llm = Assert.Single(all.Groups, group => group.Kind == LabellerKind.Llm);
        Assert.Equal((2L, 1L, 8L, 1L, 1L, 0.75, 150L, 15L, 0.125), (llm.Valid, llm.Trainable, llm.Mentions, llm.Hallucinated, llm.Discontinuous, llm.Cost, llm.InputTokens, llm.OutputTokens, llm.HallucinationRate));
        Assert.Equal(LabellerKind.Person, Assert.Single(later.Groups).Kind);
        Assert.Equal(1, later.Groups[0].Rejected);
    }

    /// <summary>A request.</summary>
    public static LabelRequest Request(string id, double priority = 0.5, string topology = "t", string text = "text") => new()
    {
        Id = id, DocumentId = "doc-" + id, Text = text, Tasks = [LabelTask.Entities], Guess = new LabelGuess(),
        Reasons = [new SelectionReason(SelectionReason.Uncertain, LabelTask.Entities, 0.4, 0.7)], Priority = priority, Source = "s",
        Topology = topology, Model = "starter", ModelVersion = "1", RequestedAt = Make.Noon,
    };

    /// <summary>A valid sample of entities.</summary>
    public static LabelledSample Sample(string request, LabellerKind kind, string labeller) => new()
    {
        Id = LabelledSample.IdOf(request, LabelTask.Entities, kind, labeller), RequestId = request, DocumentId = "doc-" + request, Task = LabelTask.Entities, Text = "text",
        Spans = [new SampleSpan(0, 4, "PER")], Validity = SampleValidity.Valid, Labeller = labeller, LabellerKind = kind, Topology = "t", LabelledAt = Make.Noon,
    };
}
