using Streaming.Contracts;
using Streaming.Core.Models.Bundle;
using Streaming.Core.Models.Registry;
using Streaming.Core.Tests.Models.Bundle;

namespace Streaming.Core.Tests.Models.Registry;

public sealed class ModelRegistryTests : IDisposable
{
    private static readonly ModelDecision Better = new(ModelDecision.Gate, ["It is better."]) { Metrics = new Dictionary<string, double> { ["f1"] = 0.9 }, Cycle = "c1" };
    private static readonly ModelDecision ByHand = new(ModelDecision.Person, ["I want it."]);

    private readonly TemporaryFolder _folder = new();
    private readonly ModelRegistry _registry;

    public ModelRegistryTests() => _registry = new ModelRegistry(Path.Combine(_folder.Path, "registry"), TimeProvider.System);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task AddAsync_Twice_IsOneBundleThatVerifies()
    {
        var written = Write("1");

        var added = await _registry.AddAsync(written, default);
        await _registry.AddAsync(written, default);

        Assert.Equal(written.Digest, added.Digest);
        Assert.Equal(written.Digest, Path.GetFileName(added.Directory));
        Assert.Single(Directory.EnumerateDirectories(Path.Combine(_registry.Directory, "bundles")));
        Assert.Empty(_registry.Audit());
    }

    [Fact]
    public async Task PromoteAsync_ThenRollBack_GoesThereAndBackWithReasons()
    {
        var (first, second) = (await AddAsync("1"), await AddAsync("2"));
        await _registry.PromoteAsync(ModelChannel.Stable, first, ByHand, default);
        await _registry.PromoteAsync(ModelChannel.Stable, second, Better, default);

        var now = _registry.Channel("tiny", ModelChannel.Stable);
        Assert.Equal(second.Digest, now.Current);
        var promoted = now.Events[^1];
        Assert.Equal(
            (2L, ModelEventKind.Promoted, "2", "1", first.Digest, ModelDecision.Gate, "c1"),
            (promoted.Sequence, promoted.Kind, promoted.Version, promoted.PreviousVersion, promoted.PreviousDigest, promoted.DecidedBy, promoted.Cycle));
        Assert.Equal(["It is better."], promoted.Reasons);
        Assert.Equal(0.9, promoted.Metrics["f1"]);

        var back = await _registry.RollBackAsync("tiny", ModelChannel.Stable, null, ByHand, default);
        Assert.Equal((first.Digest, ModelEventKind.RolledBack), (back.Current, back.InForce!.Kind));
        Assert.Equal("model_nothing_before", (await Assert.ThrowsAsync<StreamingException>(() => _registry.RollBackAsync("tiny", ModelChannel.Stable, null, ByHand, default).AsTask())).Code);
        Assert.Empty(_registry.Audit());
    }

    [Fact]
    public async Task RollBackAsync_ToAVersion_SkipsThoseBetween()
    {
        foreach (var version in new[] { "1", "2", "3" })
            await _registry.PromoteAsync("canary", await AddAsync(version), ByHand, default);

        var back = await _registry.RollBackAsync("tiny", "canary", "1", ByHand, default);

        Assert.Equal("1", back.InForce!.Version);
        Assert.Empty(back.Before);
    }

    [Fact]
    public async Task PromoteAsync_Pinned_OnlyByAPerson()
    {
        var (first, second) = (await AddAsync("1"), await AddAsync("2"));
        await _registry.PromoteAsync(ModelChannel.Stable, first, ByHand, default);
        await _registry.PinAsync("tiny", ModelChannel.Stable, true, ByHand, default);

        var refused = await Assert.ThrowsAsync<StreamingException>(() => _registry.PromoteAsync(ModelChannel.Stable, second, Better, default).AsTask());

        Assert.Equal("model_pinned", refused.Code);
        Assert.Equal(first.Digest, _registry.Channel("tiny", ModelChannel.Stable).Current);
        Assert.Equal(second.Digest, (await _registry.PromoteAsync(ModelChannel.Stable, second, ByHand, default)).Current);
    }

    [Fact]
    public async Task RefuseAsync_KeepsWhatIsInForceAndNotesWhy()
    {
        var first = await AddAsync("1");
        await _registry.PromoteAsync(ModelChannel.Stable, first, ByHand, default);
        var bad = Write("2");

        var now = await _registry.RefuseAsync(ModelChannel.Stable, bad.Manifest, bad.Digest, new ModelDecision(ModelDecision.Gate, ["worse"]), default);

        Assert.Equal(first.Digest, now.Current);
        Assert.Equal((ModelEventKind.Refused, bad.Digest), (now.Events[^1].Kind, now.Events[^1].Digest));
    }

    [Fact]
    public async Task CollectAsync_DeletesWhatNoChannelNeedsAndKeepsItsManifest()
    {
        var bundles = new List<ModelBundle>();
        foreach (var version in new[] { "1", "2", "3", "4" })
        {
            bundles.Add(await AddAsync(version));
            await _registry.PromoteAsync(ModelChannel.Stable, bundles[^1], ByHand, default);
        }

        var stray = await AddAsync("5");
        Directory.CreateDirectory(Path.Combine(_registry.Directory, "staging", "half"));
        var part = Path.Combine(_registry.Directory, "channels", "tiny", "stable.json.1.part");
        File.WriteAllText(part, "{");
        File.SetLastWriteTimeUtc(part, DateTime.UtcNow - ModelRegistry.Settled);

        var deleted = await _registry.CollectAsync(1, default);

        Assert.Equal(new[] { bundles[0].Digest, bundles[1].Digest, stray.Digest }.Order(StringComparer.Ordinal), deleted.Order(StringComparer.Ordinal));
        Assert.Equal("1", _registry.Manifest(bundles[0].Digest)!.Version);
        Assert.False(Directory.Exists(Path.Combine(_registry.Directory, "staging")));
        Assert.Empty(Directory.EnumerateFiles(_registry.Directory, "*.part", SearchOption.AllDirectories));
        Assert.Empty(_registry.Audit());
        Assert.Equal("model_not_in_registry", Assert.Throws<StreamingException>(() => _registry.Open(bundles[0].Digest)).Code);
    }

    [Fact]
    public async Task Open_ChangedFile_IsNotTrusted()
    {
        var added = await AddAsync("1");
        File.WriteAllText(Path.Combine(added.Directory, "encoder.onnx"), "onnx bytEs");

        Assert.Equal("model_digest_mismatch", Assert.Throws<StreamingException>(() => _registry.Open(added.Digest)).Code);
        Assert.Single(_registry.Audit());
    }

    [Fact]
    public async Task Open_ManifestOfAnother_IsNotTrusted()
    {
        var (first, second) = (await AddAsync("1"), await AddAsync("2"));
        Directory.Delete(first.Directory, recursive: true);
        Directory.Move(second.Directory, first.Directory);

        Assert.Equal("model_digest_mismatch", Assert.Throws<StreamingException>(() => _registry.Open(first.Digest)).Code);
    }

    [Fact]
    public async Task Channel_DamagedFile_SaysSo()
    {
        await _registry.PromoteAsync(ModelChannel.Stable, await AddAsync("1"), ByHand, default);
        File.WriteAllText(Path.Combine(_registry.Directory, "channels", "tiny", "stable.json"), "{\"name\":");

        Assert.Equal("registry_damaged", Assert.Throws<StreamingException>(() => _registry.Channel("tiny", ModelChannel.Stable)).Code);
        Assert.Single(_registry.Audit());
    }

    [Theory]
    [InlineData("../x", "stable")]
    [InlineData("tiny", "a/b")]
    [InlineData("tiny", "")]
    public void Channel_NameThatIsAPath_IsRefused(string name, string channel) =>
        Assert.Equal("registry_name_invalid", Assert.Throws<StreamingException>(() => _registry.Channel(name, channel)).Code);

    [Fact]
    public async Task PromoteAsync_ManyAtOnce_EachDecisionIsNumberedOnce()
    {
        var bundles = new List<ModelBundle>();
        for (var i = 0; i < 8; i++)
            bundles.Add(await AddAsync($"v{i}"));

        await Task.WhenAll(bundles.Select(bundle => Task.Run(() => new ModelRegistry(_registry.Directory, TimeProvider.System).PromoteAsync(ModelChannel.Stable, bundle, ByHand, default).AsTask())));

        Assert.Equal(Enumerable.Range(1, 8).Select(static i => (long)i), _registry.Channel("tiny", ModelChannel.Stable).Events.Select(static e => e.Sequence));
        Assert.Empty(_registry.Audit());
    }

    private async Task<ModelBundle> AddAsync(string version) => await _registry.AddAsync(Write(version), default);

    private ModelBundle Write(string version) => TinyBundle.Write(Path.Combine(_folder.Path, "made", version), version);
}
