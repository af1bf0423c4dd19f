using Streaming.Core.Models.Bundle;
using Streaming.Core.Models.Registry;
using Streaming.Core.Tests.Models.Bundle;
using Streaming.Testing.Fakes;

namespace Streaming.Core.Tests.Models.Registry;

public sealed class ModelRetentionTests : IDisposable
{
    private static readonly ModelDecision ByHand = new(ModelDecision.Person, ["I want it."]);
    private static readonly RolloutPlan Canary = new() { Mode = RolloutMode.Canary };

    private readonly TemporaryFolder _folder = new();
    private readonly ManualTimeProvider _time = new();
    private readonly ModelRegistry _registry;

    public ModelRetentionTests() => _registry = new ModelRegistry(Path.Combine(_folder.Path, "registry"), _time);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task RetainAsync_SeveralPromotions_KeepsTheLatestAndEveryManifest()
    {
        var bundles = await PromoteAsync("1", "2", "3", "4", "5");
        _time.Advance(ModelRegistry.Settled);

        Assert.Equal(Sorted(bundles[0], bundles[1]), Sorted(await RetainAsync(2)));

        Assert.Empty(await RetainAsync(2));
        Assert.Equal([false, false, true, true, true], bundles.Select(bundle => _registry.Holds(bundle.Digest)));
        Assert.Equal("1", _registry.Manifest(bundles[0].Digest)!.Version);
        Assert.Empty(_registry.Audit());
        Assert.Equal(bundles[3].Digest, (await _registry.RollBackAsync("tiny", ModelChannel.Stable, null, ByHand, default)).Current);
    }

    [Fact]
    public async Task RetainAsync_OutOfForceJustNow_StaysForThoseWhoHaveNotHeard()
    {
        var bundles = await PromoteAsync("1", "2");
        Assert.Empty(await RetainAsync(0));
        _time.Advance(ModelRegistry.Settled - TimeSpan.FromSeconds(1));
        Assert.Empty(await RetainAsync(0));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal([bundles[0].Digest], await RetainAsync(0));
    }

    [Fact]
    public async Task RetainAsync_RolledBackFrom_GoesWhenItHasSettled()
    {
        var bundles = await PromoteAsync("1", "2");
        await _registry.RollBackAsync("tiny", ModelChannel.Stable, null, ByHand, default);
        Assert.Empty(await RetainAsync(5));
        _time.Advance(ModelRegistry.Settled);
        Assert.Equal([bundles[1].Digest], await RetainAsync(5));
        Assert.Equal(bundles[0].Digest, _registry.Open(_registry.Channel("tiny", ModelChannel.Stable).Current).Digest);
    }

    [Fact]
    public async Task RetainAsync_WhatIsTriedOrBelongsToOthers_Stays()
    {
        var bundles = await PromoteAsync("1", "2");
        var stray = await AddAsync("3");
        var tried = await AddAsync("4");
        await _registry.PromoteAsync("other", bundles[0], ByHand, default);
        await _registry.PromoteAsync("other", bundles[1], ByHand, default);
        await _registry.BeginRolloutAsync(ModelChannel.Stable, tried, Canary, ByHand, default);
        _time.Advance(ModelRegistry.Settled * 10);

        Assert.Empty(await RetainAsync(0));

        await _registry.WithdrawAsync("tiny", ModelChannel.Stable, null, ByHand, default);
        Assert.Empty(await RetainAsync(0));
        _time.Advance(ModelRegistry.Settled);
        Assert.Equal([tried.Digest], await RetainAsync(0));
        Assert.True(_registry.Holds(stray.Digest));
        Assert.True(_registry.Holds(bundles[0].Digest));
    }

    [Fact]
    public async Task RetainAsync_PutInOnceMore_CanBePromoted()
    {
        var bundles = await PromoteAsync("1", "2", "3");
        _time.Advance(ModelRegistry.Settled * 2);
        var again = await _registry.AddAsync(ModelBundle.Open(Path.Combine(_folder.Path, "made", "1")), default);

        Assert.Equal([bundles[1].Digest], await RetainAsync(0));

        Assert.Equal(again.Digest, (await _registry.PromoteAsync(ModelChannel.Stable, again, ByHand, default)).Current);
        Assert.Empty(_registry.Audit());
    }

    private ValueTask<IReadOnlyList<string>> RetainAsync(int keep) => _registry.RetainAsync("tiny", ModelChannel.Stable, keep, default);

    private async Task<List<ModelBundle>> PromoteAsync(params string[] versions)
    {
        var bundles = new List<ModelBundle>();
        foreach (var version in versions)
        {
            bundles.Add(await AddAsync(version));
            await _registry.PromoteAsync(ModelChannel.Stable, bundles[^1], ByHand, default);
        }

        return bundles;
    }

    private async Task<ModelBundle> AddAsync(string version) => await _registry.AddAsync(TinyBundle.Write(Path.Combine(_folder.Path, "made", version), version), default);

    private static IEnumerable<string> Sorted(params ModelBundle[] bundles) => Sorted(bundles.Select(static bundle => bundle.Digest));

    private static IEnumerable<string> Sorted(IEnumerable<string> digests) => digests.Order(StringComparer.Ordinal);
}
