using Streaming.Testing;

namespace Streaming.Text.Tests;

public sealed class GoldenTests
{
    [Fact]
    public void ReadJsonLines_Wordpiece_GivesEveryLine() =>
        Assert.Equal(3040, Golden.ReadJsonLines("wordpiece/encode_128.jsonl").Count());

    [Fact]
    public void ReadNpy_Embeddings_GivesShapeAndUnitVectors()
    {
        var (shape, values) = Golden.ReadNpy("encoder/embeddings.npy");

        Assert.Equal([40, 384], shape);
        Assert.Equal(1.0, values.Take(384).Sum(value => (double)value * value), 1e-5);
    }

    [SharedFact("golden")]
    public void Open_CopiesBesideShared_AreTheSame()
    {
        foreach (var copy in Directory.EnumerateFiles(Path.Combine(SharedFolder.RepositoryRoot, "tests", "golden"), "*.gz", SearchOption.AllDirectories))
        {
            var name = Path.GetRelativePath(Path.Combine(SharedFolder.RepositoryRoot, "tests", "golden"), copy)[..^3];
            if (name != Path.Combine("wordpiece", "vocab.txt"))
                Assert.Equal(File.ReadAllBytes(SharedFolder.Require("golden", name)), Golden.ReadAllBytes(name));
        }
    }
}
