using System.Collections.Concurrent;
using Streaming.Contracts;
using Streaming.Core;
using Streaming.Core.Models.Bundle;
using Streaming.Core.Models.Registry;

namespace Streaming.Testing.Conformance;

/// <summary>What following a channel owes every process of a group, by whatever way it hears of decisions.</summary>
public abstract class ChannelFollowingConformance : IDisposable
{
    private const int Processes = 3;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);
    private static readonly ModelDecision ByHand = new(ModelDecision.Person, ["I want it."]);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("streaming-follow-");
    private readonly List<IAsyncDisposable> _following = [];
    private readonly List<Follower> _processes = [];

    /// <summary>The registry that all processes share.</summary>
    protected ModelRegistry Registry { get; }

    /// <summary>Makes the registry.</summary>
    protected ChannelFollowingConformance() => Registry = new ModelRegistry(Path.Combine(_folder.FullName, "registry"), TimeProvider.System);

    /// <summary>Starts to follow as one process of its own, and returns when it does.</summary>
    /// <param name="view">What the process knows.</param>
    /// <param name="changed">To be called when something else is in force.</param>
    protected abstract Task<IAsyncDisposable> FollowAsync(ChannelView view, Func<CancellationToken, ValueTask> changed);

    /// <summary>Passes a decision on, where that is needed for others to hear of it.</summary>
    protected abstract Task PassOnAsync(ModelEvent decided);

    [Fact]
    public async Task Follow_PromotionsAndARollBack_EveryProcessSwitchesToTheVerifiedBundle()
    {
        var first = await DecideAsync(Registry.PromoteAsync(ModelChannel.Stable, await AddAsync("1"), ByHand, default));
        await StartAsync();
        await AllAtAsync(first.Current);

        var second = await DecideAsync(Registry.PromoteAsync(ModelChannel.Stable, await AddAsync("2"), ByHand, default));
        await AllAtAsync(second.Current);
        var back = await DecideAsync(Registry.RollBackAsync("followed", ModelChannel.Stable, null, ByHand, default));
        await AllAtAsync(first.Current);

        Assert.Equal(first.Current, back.Current);
        Assert.All(_processes, process => Assert.Equal([first.Current, second.Current, first.Current], process.Switched));
        await EndAsync();
    }

    [Fact]
    public async Task Follow_NothingElseInForce_NobodySwitches()
    {
        var first = await DecideAsync(Registry.PromoteAsync(ModelChannel.Stable, await AddAsync("1"), ByHand, default));
        await StartAsync();
        await AllAtAsync(first.Current);
        var refused = await AddAsync("2");

        await DecideAsync(Registry.RefuseAsync(ModelChannel.Stable, refused.Manifest, refused.Digest, ByHand, default));
        await DecideAsync(Registry.PromoteAsync("canary", refused, ByHand, default));
        await DecideAsync(Registry.PinAsync("followed", ModelChannel.Stable, true, ByHand, default));
        var last = await DecideAsync(Registry.PromoteAsync(ModelChannel.Stable, await AddAsync("3"), ByHand, default));
        await AllAtAsync(last.Current);

        Assert.All(_processes, process => Assert.Equal([first.Current, last.Current], process.Switched));
        await EndAsync();
    }

    [Fact]
    public async Task Follow_ProcessThatComesLater_KnowsWhatIsInForce()
    {
        await DecideAsync(Registry.PromoteAsync(ModelChannel.Stable, await AddAsync("1"), ByHand, default));
        var second = await DecideAsync(Registry.PromoteAsync(ModelChannel.Stable, await AddAsync("2"), ByHand, default));

        await StartAsync();
        await AllAtAsync(second.Current);

        Assert.All(_processes, process => Assert.Equal([second.Current], process.Switched));
        await EndAsync();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Deletes the registry.</summary>
    protected virtual void Dispose(bool disposing) => _folder.Delete(recursive: true);

    private async Task<ModelChannel> DecideAsync(ValueTask<ModelChannel> deciding)
    {
        var channel = await deciding;
        await PassOnAsync(channel.Events[^1]);
        return channel;
    }

    private async Task StartAsync()
    {
        for (var i = 0; i < Processes; i++)
        {
            var process = new Follower(Registry);
            _processes.Add(process);
            _following.Add(await FollowAsync(process.View, process.ChangedAsync));
        }
    }

    private async Task EndAsync()
    {
        foreach (var following in _following)
            await following.DisposeAsync();
    }

    private async Task AllAtAsync(string digest)
    {
        foreach (var process in _processes)
            await process.AtAsync(digest).WaitAsync(Patience);
    }

    private async Task<ModelBundle> AddAsync(string version)
    {
        var folder = Path.Combine(_folder.FullName, "written", version);
        using (var writer = new ModelBundleWriter(folder))
        {
            writer.Add("encoder.onnx", [(byte)version[0]]);
            writer.Add("vocab.txt", "vocab"u8);
            writer.Complete(new ModelManifest
            {
                Name = "followed",
                Version = version,
                Encoder = new EncoderManifest { File = "encoder.onnx", Family = "bert", Precision = "int8", Dimensions = 4, Layers = [0, 2], MaxSequenceLength = 16 },
                Tokenizer = new TokenizerManifest { Kind = "wordpiece", Files = ["vocab.txt"] },
                Licence = "MIT",
            });
        }

        return await Registry.AddAsync(ModelBundle.Open(folder), default);
    }

    /// <summary>A process: opens what is in force, which verifies it.</summary>
    private sealed class Follower(ModelRegistry registry)
    {
        private readonly ConcurrentQueue<string> _switched = new();
        private readonly SemaphoreSlim _news = new(0);

        public ChannelView View { get; } = new("followed", ModelChannel.Stable);

        public IReadOnlyList<string> Switched => [.. _switched];

        public ValueTask ChangedAsync(CancellationToken cancellationToken)
        {
            var bundle = registry.Open(View.Digest);
            _switched.Enqueue(bundle.Digest);
            _news.Release();
            return default;
        }

        public async Task AtAsync(string digest)
        {
            while (_switched.LastOrDefault() != digest)
                await _news.WaitAsync();
        }
    }
}
