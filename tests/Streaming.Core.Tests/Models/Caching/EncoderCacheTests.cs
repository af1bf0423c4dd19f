using Streaming.Core.Models;
using Streaming.Core.Models.Caching;
using Streaming.Core.Tests.Models.Bundle;

namespace Streaming.Core.Tests.Models.Caching;

public sealed class EncoderCacheTests : IDisposable
{
    private const string Encoder = "aaaaaaaaaaaaaaaa";
    private static readonly EncoderInfo Info = new(3, [1, 2], 16, "cpu");
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void TryRead_AddedBefore_GivesItBackAlsoAfterOpeningAgain()
    {
        var key = Tokens(1, 2).Key();
        using (var cache = Open())
        {
            cache.Add(key, 2, Values(2));
            Assert.True(IsThere(cache, key, 2));
            Assert.False(IsThere(cache, Tokens(2, 1).Key(), 2));
        }

        using var again = Open();
        Assert.Equal(1, again.Count);
        Assert.True(IsThere(again, key, 2));
        Assert.False(IsThere(again, key, 1));
    }

    [Fact]
    public void Add_BeyondItsBound_KeepsWhatIsThere()
    {
        using var cache = Open(maxBytes: 120);

        for (var i = 0; i < 10; i++)
            cache.Add(Tokens(i).Key(), 1, Values(1));

        Assert.InRange(cache.Bytes, 1, 120);
        Assert.True(IsThere(cache, Tokens(0).Key(), 1));
        Assert.False(IsThere(cache, Tokens(9).Key(), 1));
    }

    [Fact]
    public void Open_CutAnywhereOrDamaged_NeverGivesWrongValues()
    {
        var keys = Enumerable.Range(0, 3).Select(i => Tokens(i).Key()).ToList();
        using (var cache = Open())
        {
            foreach (var key in keys)
                cache.Add(key, 1, Values(1));
        }

        var file = Directory.EnumerateFiles(_folder.Path, "*.features").Single();
        var whole = File.ReadAllBytes(file);
        for (var length = 0; length < whole.Length; length++)
        {
            File.WriteAllBytes(file, whole[..length]);
            using var cache = Open();
            Assert.Equal(length * 3 / whole.Length, keys.Count(key => IsThere(cache, key, 1)));
        }

        for (var place = 0; place < whole.Length; place++)
        {
            var bytes = whole.ToArray();
            bytes[place] ^= 0x40;
            File.WriteAllBytes(file, bytes);
            using var cache = Open();
            Assert.InRange(keys.Count(key => IsThere(cache, key, 1)), 0, 2);
        }
    }

    [Fact]
    public void Open_AnotherHasIt_IsNull()
    {
        using var cache = Open();

        Assert.Null(EncoderCache.Open(_folder.Path, Encoder, Info, 1_000));
    }

    [Fact]
    public void Open_AnotherEncoder_DeletesWhatIsOfNoUseAnyMore()
    {
        using (var cache = Open())
            cache.Add(Tokens(1).Key(), 1, Values(1));

        using var other = EncoderCache.Open(_folder.Path, "bbbb", Info, 10_000)!;

        Assert.Equal(0, other.Count);
        Assert.Single(Directory.EnumerateFiles(_folder.Path, "*.features"));
    }

    [Fact]
    public async Task RunAsync_HalfOfTheBatchKnown_RunsTheRestAndGivesEveryRowItsOwn()
    {
        using var cache = Open();
        await using var inner = new Counting();
        await using var runner = new CachingModelRunner(inner, cache);
        var batch = new[] { Tokens(1, 2), Tokens(3), Tokens(4, 5, 6) };
        (await runner.RunAsync([batch[1]], default)).Dispose();

        using var output = await runner.RunAsync(batch, default);
        using var expected = await new Counting().RunAsync(batch, default);

        Assert.Equal([1, 2], inner.Batches);
        Assert.Equal((1L, 3L), (runner.Hits, runner.Misses));
        for (var row = 0; row < batch.Length; row++)
        {
            for (var layer = 0; layer < Info.Layers.Count; layer++)
                Assert.Equal(expected.Hidden(layer, row).ToArray(), output.Hidden(layer, row).ToArray());
        }
    }

    private EncoderCache Open(long maxBytes = 1_000_000) => EncoderCache.Open(_folder.Path, Encoder, Info, maxBytes)!;

    private static TokenSequence Tokens(params int[] ids) => new(ids);

    private static float[] Values(int tokens) => [.. Enumerable.Range(0, tokens * 6).Select(static i => i * 0.5f)];

    private static bool IsThere(EncoderCache cache, UInt128 key, int tokens)
    {
        var values = new float[tokens * 6];
        if (!cache.TryRead(key, tokens, values))
            return false;
        Assert.Equal(Values(tokens), values);
        return true;
    }

    /// <summary>Gives each token its own values.</summary>
    private sealed class Counting : IModelRunner
    {
        public List<int> Batches { get; } = [];

        public EncoderInfo Info => EncoderCacheTests.Info;

        public ValueTask<EncoderOutput> RunAsync(IReadOnlyList<TokenSequence> batch, CancellationToken cancellationToken)
        {
            Batches.Add(batch.Count);
            return new ValueTask<EncoderOutput>(new Output(batch));
        }

        public ValueTask DisposeAsync() => default;

        private sealed class Output(IReadOnlyList<TokenSequence> batch) : EncoderOutput
        {
            public override int PaddedLength => batch.Max(static sequence => sequence.Length);

            public override ReadOnlySpan<float> Hidden(int layer, int row) =>
                batch[row].Ids.ToArray().SelectMany(id => Enumerable.Range(0, 3).Select(d => (id * 10f) + d + (layer * 0.5f))).ToArray();

            public override void Dispose()
            {
            }
        }
    }
}
