using System.IO.Compression;
using System.Text.Json;
using Streaming.Testing;
using Streaming.Text.Tokenization;
using Xunit.Abstractions;

namespace Streaming.Text.Tests.Tokenization;

public sealed class TokenizerBenchmarkTests(ITestOutputHelper output)
{
    [Fact]
    public void Run_TwoTexts_CountsThem()
    {
        var result = TokenizerBenchmark.Run(GoldenTokenizers.Uncased, ["hello world", "caf\u00E9"], 2, TimeProvider.System, CancellationToken.None);

        Assert.Equal(2, result.Documents);
        Assert.Equal(3, result.Tokens);
        Assert.Equal(15, result.Characters);
        Assert.Equal(16, result.Bytes);
        Assert.True(result.TokensPerSecond > 0);
    }

    [SharedFact("data/stream/mixed/mixed_stream.jsonl.gz")]
    public void Run_MixedStream_GivesTheSameCountsEachTime()
    {
        var texts = new List<string>();
        using var reader = new StreamReader(new GZipStream(
            File.OpenRead(SharedFolder.Require("data", "stream", "mixed", "mixed_stream.jsonl.gz")), CompressionMode.Decompress));
        while (texts.Count < 5_000 && reader.ReadLine() is { } line)
        {
            using var document = JsonDocument.Parse(line);
            texts.Add(document.RootElement.GetProperty("text").GetString()!);
        }

        var first = TokenizerBenchmark.Run(GoldenTokenizers.Uncased, texts, 2, TimeProvider.System, CancellationToken.None);
        var second = TokenizerBenchmark.Run(GoldenTokenizers.Uncased, texts, 1, TimeProvider.System, CancellationToken.None);

        output.WriteLine(first.ToString());
        Assert.Equal(first.Tokens, second.Tokens);
        Assert.Equal(5_000, first.Documents);
    }
}
