using System.Text;

namespace Streaming.Text.Tokenization;

/// <summary>Measures a tokeniser on one thread, the texts in memory, nothing but tokenising inside the clock.</summary>
public static class TokenizerBenchmark
{
    /// <summary>Tokenises the texts once to warm up, then again and again, and reports the fastest round.</summary>
    /// <param name="tokenizer">What is measured.</param>
    /// <param name="texts">At least one text.</param>
    /// <param name="rounds">Measured rounds; at least 1.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Observed between rounds.</param>
    public static TokenizerBenchmarkResult Run(
        ITokenizer tokenizer, IReadOnlyList<string> texts, int rounds, TimeProvider time, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentNullException.ThrowIfNull(texts);
        ArgumentNullException.ThrowIfNull(time);
        ArgumentOutOfRangeException.ThrowIfLessThan(rounds, 1);
        using var buffer = new TokenBuffer();
        var tokens = Round(tokenizer, texts, buffer);
        var best = TimeSpan.MaxValue;
        for (var round = 0; round < rounds; round++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var start = time.GetTimestamp();
            tokens = Round(tokenizer, texts, buffer);
            var elapsed = time.GetElapsedTime(start);
            best = elapsed < best ? elapsed : best;
        }

        long characters = 0;
        long bytes = 0;
        foreach (var text in texts)
        {
            characters += text.Length;
            bytes += Encoding.UTF8.GetByteCount(text);
        }

        var seconds = Math.Max(best.TotalSeconds, 1e-9);
        return new TokenizerBenchmarkResult
        {
            Documents = texts.Count,
            Tokens = tokens,
            Characters = characters,
            Bytes = bytes,
            Seconds = seconds,
            TokensPerSecond = tokens / seconds,
            MegabytesPerSecond = bytes / seconds / 1e6,
        };
    }

    private static long Round(ITokenizer tokenizer, IReadOnlyList<string> texts, TokenBuffer buffer)
    {
        long tokens = 0;
        for (var i = 0; i < texts.Count; i++)
        {
            buffer.Clear();
            tokenizer.Encode(texts[i], buffer);
            tokens += buffer.Count;
        }

        return tokens;
    }
}
