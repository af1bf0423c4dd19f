using System.Collections.Concurrent;
using Streaming.Contracts;
using Streaming.Core;
using Streaming.Core.Labelling;
using Streaming.Learning.Labelling;
using Streaming.Testing;
using Streaming.Testing.Conformance;
using Streaming.Testing.Engine;
using Streaming.Testing.Fakes;

namespace Streaming.Learning.Tests.Labelling;

public sealed class LlmLabellerTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    public async Task LabelAsync_Votes_KeepTheMajorityAndTellTheAgreement()
    {
        var chat = new Chat("""{"PER": ["Anna"], "LOC": ["Bonn"]}""", """{"PER": ["Anna"]}""", """{"PER": ["Anna"], "LOC": ["Anna", "Bonn"]}""");
        using var labeller = Labeller(chat, options => options with { Votes = 3 });

        var sample = Assert.Single(await labeller.LabelAsync(SampleStoreConformance.Request("r", text: "Anna in Bonn"), None));

        Assert.Equal([new SampleSpan(0, 4, "PER"), new SampleSpan(8, 12, "LOC")], sample.Spans);
        Assert.Equal((3, 0.8333), (sample.Votes, Math.Round(sample.Agreement!.Value, 4)));
    }

    [Fact]
    public async Task LabelAsync_VotesWithoutMajority_Abstains()
    {
        var chat = new Chat("""{"topics": ["food"]}""", """{"topics": ["sport"]}""", """{"topics": ["art"]}""");
        using var labeller = Labeller(chat, options => options with { Votes = 3, Labels = new Dictionary<LabelTask, IReadOnlyList<string>> { [LabelTask.Topics] = ["food", "sport", "art"] } });

        var sample = Assert.Single(await labeller.LabelAsync(SampleStoreConformance.Request("r") with { Tasks = [LabelTask.Topics] }, None));

        Assert.Equal((SampleValidity.Abstained, "no_majority"), (sample.Validity, sample.Reason));
    }

    [Fact]
    public async Task LabelAsync_SameTextAgain_IsAnsweredFromTheCacheForNothing()
    {
        var chat = new Chat("""{"PER": ["Anna"]}""");
        var cache = new Cache();
        using var labeller = Labeller(chat, cache: cache);
        using var changed = Labeller(chat, options => options with { Temperature = 1 }, cache);

        await labeller.LabelAsync(SampleStoreConformance.Request("a", text: "Anna"), None);
        var again = Assert.Single(await labeller.LabelAsync(SampleStoreConformance.Request("b", text: "Anna"), None));
        await changed.LabelAsync(SampleStoreConformance.Request("c", text: "Anna"), None);

        Assert.Equal(2, chat.Asked.Count);
        Assert.Equal(("PER", 0), (Assert.Single(again.Spans).Label, again.InputTokens));
    }

    [Fact]
    public async Task LabelAsync_Overloaded_WaitsAsLongAsItIsAskedTo()
    {
        var time = new ManualTimeProvider();
        var chat = new Chat("{}") { FailFor = 2, Failure = new ChatCallException("llm_unavailable", "away", ChatFailure.Transient, TimeSpan.FromSeconds(30)) };
        using var labeller = Labeller(chat, options => options with { MaxAttempts = 3 }, time: time);

        var answer = labeller.LabelAsync(SampleStoreConformance.Request("r"), None).AsTask();
        time.Advance(TimeSpan.FromSeconds(29));
        Assert.Single(chat.Asked);
        // Whoever goes on after a wait sets the next timer on a thread of its own, so time passes until all is done.
        await PipelineWorld.UntilAsync(() =>
        {
            time.Advance(TimeSpan.FromSeconds(5));
            return answer.IsCompleted;
        });
        await answer;
        Assert.Equal(3, chat.Asked.Count);
    }

    [Fact]
    public async Task LabelAsync_AwayForLong_IsTheWorkersToWaitFor()
    {
        var chat = new Chat("{}") { FailFor = 9, Failure = new ChatCallException("llm_unavailable", "away", ChatFailure.Transient) };
        using var labeller = Labeller(chat);

        Assert.Equal("llm_unavailable", (await Assert.ThrowsAsync<DependencyUnavailableException>(async () => await labeller.LabelAsync(SampleStoreConformance.Request("r"), None))).Code);
    }

    [Fact]
    public async Task LabelAsync_Examples_StandInThePromptBetweenTheSameDelimiters()
    {
        var store = new InMemorySampleStore();
        await store.AddSamplesAsync(
            [
                SampleStoreConformance.Sample("x", LabellerKind.Person, "anna") with { Text = "Near one", Spans = [new(0, 4, "PER")] },
                SampleStoreConformance.Sample("y", LabellerKind.Person, "anna") with { Text = "Far away", Spans = [] },
                SampleStoreConformance.Sample("z", LabellerKind.Llm, "m") with { Text = "Not a person's" },
                SampleStoreConformance.Sample("c", LabellerKind.Person, "anna") with { Text = "Near control", ControlSlice = true },
            ],
            None);
        var chat = new Chat("{}");
        using var examples = new StoredExamples(store, "t", 1, new FirstLetters(), TimeProvider.System);
        using var labeller = new LlmLabeller(chat, Prompt(), Options(), null, null, examples, TimeProvider.System);

        await labeller.LabelAsync(SampleStoreConformance.Request("r", text: "Near two"), None);

        var prompt = chat.Asked.Single().Messages[1].Text;
        Assert.Contains("Near one\n<<<end", prompt, StringComparison.Ordinal);
        Assert.Contains("Reply: {\"PER\":[\"Near\"]}", prompt, StringComparison.Ordinal);
        Assert.DoesNotContain("Far away", prompt, StringComparison.Ordinal);
        Assert.DoesNotContain("control", prompt, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("standard")]
    [InlineData("chain_of_thought")]
    public void Load_ShippedPrompts_AreWhole(string name)
    {
        var prompt = Prompt(name);

        Assert.Matches($"^{name}@[0-9a-f]{{12}}$", prompt.Version);
        Assert.NotEqual(prompt.Version, PromptFile.Parse(name, File.ReadAllText(PathOf(name)) + " ").Version);
        Assert.Equal("prompt_invalid", Assert.Throws<StreamingException>(() => PromptFile.Parse("x", File.ReadAllText(PathOf(name)).Replace("{canary}", "", StringComparison.Ordinal))).Code);
        Assert.Equal("prompt_missing", Assert.Throws<StreamingException>(() => PromptFile.Load("nowhere.md")).Code);
    }

    private static string PathOf(string name) => Path.Combine(SharedFolder.RepositoryRoot, "topologies", "prompts", name + ".md");

    private static PromptFile Prompt(string name = "standard") => PromptFile.Load(PathOf(name));

    private static LlmLabellerOptions Options() => new()
    {
        Labels = new Dictionary<LabelTask, IReadOnlyList<string>> { [LabelTask.Entities] = ["PER", "LOC"] }, MaxAttempts = 1, RequestsPerMinute = 100_000,
    };

    private static LlmLabeller Labeller(Chat chat, Func<LlmLabellerOptions, LlmLabellerOptions>? change = null, IReplyCache? cache = null, TimeProvider? time = null) =>
        new(chat, Prompt(), change?.Invoke(Options()) ?? Options(), null, cache, null, time ?? TimeProvider.System);

    private sealed class Chat(params string[] replies) : IChatModel
    {
        public ConcurrentQueue<ChatRequest> Asked { get; } = [];

        public int FailFor { get; init; }

        public ChatCallException? Failure { get; init; }

        public string Name => "chat";

        public ValueTask<ChatReply> CompleteAsync(ChatRequest request, CancellationToken cancellationToken)
        {
            Asked.Enqueue(request);
            return Asked.Count <= FailFor ? throw Failure! : ValueTask.FromResult(new ChatReply(replies[(Asked.Count - 1) % replies.Length], 10, 5, false));
        }
    }

    private sealed class Cache : IReplyCache
    {
        private readonly ConcurrentDictionary<string, string> _replies = [];

        public ValueTask<string?> FindAsync(string key, CancellationToken cancellationToken) => ValueTask.FromResult(_replies.GetValueOrDefault(key));

        public ValueTask KeepAsync(string key, string reply, CancellationToken cancellationToken)
        {
            _replies[key] = reply;
            return ValueTask.CompletedTask;
        }
    }

    private sealed class FirstLetters : ITextEmbedder
    {
        public ValueTask<IReadOnlyList<float[]>> EmbedAsync(IReadOnlyList<string> texts, CancellationToken cancellationToken) =>
            ValueTask.FromResult<IReadOnlyList<float[]>>([.. texts.Select(text => text.StartsWith('N') ? new float[] { 1, 0 } : [0, 1])]);
    }
}
