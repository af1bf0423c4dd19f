using System.Text;
using Streaming.Cli.CommandLine;

namespace Streaming.Cli.Tests.CommandLine;

public sealed class LineReaderTests
{
    [Theory]
    [InlineData("", new string[0])]
    [InlineData("a", new[] { "a" })]
    [InlineData("a\n", new[] { "a" })]
    [InlineData("a\r\nb\n\nc", new[] { "a", "b", "", "c" })]
    [InlineData("a\rb\r\r\n", new[] { "a\rb\r" })]
    [InlineData("\n\n", new[] { "", "" })]
    [InlineData("last\r", new[] { "last\r" })]
    public async Task ReadAsync_LineEnds_AreCutAsTheyStand(string content, string[] expected)
    {
        // Every chunk size puts the cuts elsewhere.
        foreach (var chunk in new[] { 1, 2, 3, 64 })
        {
            using var reader = new LineReader(new Drip(Encoding.UTF8.GetBytes(content), chunk), 1_000, bufferBytes: 16);
            var lines = new List<string>();
            while (await reader.ReadAsync(CancellationToken.None))
                lines.Add(Encoding.UTF8.GetString(reader.Line.Span));
            Assert.Equal(expected, lines);
            Assert.Equal(content.Length, reader.BytesRead);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(4_096)]
    public async Task ReadAsync_LineBeyondTheLimit_IsPassedOverAndCounted(int chunk)
    {
        var content = "one\n" + new string('x', 1_001) + "\r\n" + new string('y', 100) + "\n" + new string('z', 5_000);
        using var reader = new LineReader(new Drip(Encoding.UTF8.GetBytes(content), chunk), 100, bufferBytes: 16);
        var seen = new List<(long Number, int Length, bool TooLong)>();
        while (await reader.ReadAsync(CancellationToken.None))
            seen.Add((reader.Number, reader.Line.Length, reader.PassedOver > 0));

        Assert.Equal([(1, 3, false), (2, 0, true), (3, 100, false), (4, 0, true)], seen);
    }

    [Fact]
    public async Task PeekAsync_BeforeReading_TakesNothing()
    {
        using var reader = new LineReader(new Drip("{\"a\"\n"u8.ToArray(), 2), 100);
        Assert.Equal((byte)'{', (await reader.PeekAsync(CancellationToken.None)).Span[0]);
        Assert.True(await reader.ReadAsync(CancellationToken.None));
        Assert.Equal("{\"a\"", Encoding.UTF8.GetString(reader.Line.Span));
    }

    private sealed class Drip(byte[] content, int chunk) : MemoryStream(content)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(chunk, buffer.Length)], cancellationToken);
    }
}
