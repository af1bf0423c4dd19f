using System.Security.Cryptography;
using System.Text;
using Streaming.Adapters.Sqlite;
using Streaming.Contracts;
using Streaming.Core.Labelling;
using Streaming.Core.Topology;
using Streaming.Learning.Labelling;
using Streaming.Testing;
using Streaming.Testing.Conformance;
using Streaming.Testing.Servers;

namespace Streaming.Adapters.Llm.Tests;

/// <summary>A fake endpoint, the real adapter, labeller and store.</summary>
internal sealed class LlmWorld : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("streaming-llm-").FullName;

    public FakeLlm Endpoint { get; } = new();

    public EmbeddedStore Store { get; private set; } = null!;

    public OpenAiChatModel Model { get; private set; } = null!;

    public LlmLabellerOptions Options { get; set; } = new()
    {
        Labels = new Dictionary<LabelTask, IReadOnlyList<string>> { [LabelTask.Entities] = ["PER", "LOC", "ORG"], [LabelTask.Topics] = ["sport", "food"], [LabelTask.Sentiment] = ["positive", "negative"], [LabelTask.Aspects] = ["positive", "negative"] },
        InputPrice = 1,
        OutputPrice = 2,
        Caps = new SpendCaps(1_000, 1_000),
        RequestsPerMinute = 100_000,
        MaxAttempts = 1,
    };

    public static PromptFile Prompt(string name = "standard") => PromptFile.Load(Path.Combine(SharedFolder.RepositoryRoot, "topologies", "prompts", name + ".md"));

    public static async Task<LlmWorld> StartAsync()
    {
        var world = new LlmWorld();
        world.Store = await EmbeddedStore.OpenAsync(Path.Combine(world._folder, "s.db"), null, TimeProvider.System, CancellationToken.None);
        world.Model = new OpenAiChatModel(new OpenAiOptions { Url = world.Endpoint.Url, Network = LlmNetwork.Loopback, Model = "m", ApiKey = "canary-key", Timeout = TimeSpan.FromMinutes(3) });
        return world;
    }

    public LlmLabeller Labeller(string prompt = "standard", TimeProvider? time = null) => new(Model, Prompt(prompt), Options, Store.Spending, Store.Replies, null, time ?? TimeProvider.System);

    public static LabelRequest Request(string text, params LabelTask[] tasks) => SampleStoreConformance.Request("r" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..16], text: text) with { Tasks = tasks.Length == 0 ? [LabelTask.Entities] : tasks };

    public async ValueTask DisposeAsync()
    {
        Model.Dispose();
        await Endpoint.DisposeAsync();
        await Store.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
