using Streaming.Learning.Selection;

namespace Streaming.Learning.Tests.Selection;

public sealed class NearDuplicateIndexTests
{
    [Fact]
    public void Similarity_DrawnTexts_IsNearTheTrueJaccard()
    {
        var random = new SeededRandom(3);
        var hasher = new MinHasher(1);
        var (left, right) = (new uint[MinHasher.Size], new uint[MinHasher.Size]);
        var error = 0.0;
        for (var i = 0; i < 200; i++)
        {
            var words = Enumerable.Range(0, 60).Select(_ => $"w{random.Next(100_000)}").ToArray();
            var other = words.ToArray();
            for (var change = random.Next(20); change > 0; change--)
                other[random.Next(other.Length)] = $"x{random.Next(100_000)}";
            hasher.Sign(string.Join(' ', words), left);
            hasher.Sign(string.Join(", ", other).ToUpperInvariant(), right);
            error += Math.Abs(MinHasher.Similarity(left, right) - Jaccard(words, other));
        }

        Assert.InRange(error / 200, 0, 0.06);
    }

    [Fact]
    public void Find_NearCopiesAmongThousands_FindsThemAndNothingElse()
    {
        var random = new SeededRandom(4);
        var index = new NearDuplicateIndex(10_000, 0.8, 1);
        var texts = Enumerable.Range(0, 3_000).Select(_ => Enumerable.Range(0, 40).Select(_ => $"w{random.Next(5_000)}").ToArray()).ToArray();
        for (var i = 0; i < texts.Length; i++)
            index.Add($"t{i}", string.Join(' ', texts[i]));

        var found = 0;
        for (var i = 0; i < 1_000; i++)
        {
            var copy = texts[i].ToArray();
            copy[^1] = "changed";
            found += index.Find(string.Join(' ', copy)) == $"t{i}" ? 1 : 0;
            Assert.Null(index.Find(string.Join(' ', Enumerable.Range(0, 40).Select(_ => $"w{random.Next(5_000)}"))));
        }

        // One word in forty leaves a similarity of about 0.95; all but a few of a thousand estimates are above 0.8.
        Assert.InRange(found, 995, 1_000);
    }

    [Theory]
    [InlineData("Hello", "hello!", true)]
    [InlineData("Hello there", "Hello, there.", true)]
    [InlineData("Hello there", "there hello", false)]
    [InlineData("a b c d", "A B C D", true)]
    [InlineData("東京都", "東京都", true)]
    public void Find_ShortTexts_AreComparedAsAWhole(string first, string second, bool same)
    {
        var index = new NearDuplicateIndex(10, 0.8, 1);
        index.Add("1", first);

        Assert.Equal(same, index.Find(second) is not null);
    }

    [Fact]
    public void Add_BeyondItsCapacity_ForgetsTheOldest()
    {
        var index = new NearDuplicateIndex(100, 0.8, 1);
        for (var i = 0; i < 1_000; i++)
            index.Add($"t{i}", $"word{i} and{i} more{i} than{i} three{i}");

        Assert.Equal(100, index.Count);
        Assert.Null(index.Find("word899 and899 more899 than899 three899"));
        Assert.Equal("t900", index.Find("word900 and900 more900 than900 three900"));
    }

    private static double Jaccard(string[] left, string[] right)
    {
        var (a, b) = (Shingles(left), Shingles(right));
        return (double)a.Intersect(b).Count() / a.Union(b).Count();
    }

    private static HashSet<string> Shingles(string[] words) => [.. Enumerable.Range(0, words.Length - 2).Select(i => string.Join(' ', words.AsSpan(i, 3).ToArray()).ToLowerInvariant())];
}
