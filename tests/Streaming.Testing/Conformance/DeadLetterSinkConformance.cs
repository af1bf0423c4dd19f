using Streaming.Contracts;
using Streaming.Core.Sinks;
using Streaming.Testing.Fakes;

namespace Streaming.Testing.Conformance;

/// <summary>What every <see cref="IDeadLetterSink"/> keeps.</summary>
public abstract class DeadLetterSinkConformance
{
    /// <summary>A sink on an empty store; one a test.</summary>
    protected abstract Task<IDeadLetterSink> OpenAsync();

    /// <summary>Everything stored, in any order.</summary>
    protected abstract Task<IReadOnlyList<DeadLetter>> ReadAllAsync();

    [Fact]
    public async Task WriteAsync_Letter_IsKeptWhole()
    {
        await using var sink = await OpenAsync();
        var letter = Letter(7) with
        {
            Key = [1, 0, 255],
            Value = [0xFF, 0, 10, 13],
            Headers = [new MessageHeader("a", [1]), new MessageHeader("a", [])],
            Attempts = 3,
        };
        await sink.WriteAsync([letter], CancellationToken.None);
        var stored = Assert.Single(await ReadAllAsync());
        Assert.Equal(
            (letter.Topic, letter.Partition, letter.Offset, letter.Timestamp, letter.Stage, letter.Code, letter.Reason, letter.Attempts, letter.FailedAt, letter.Topology),
            (stored.Topic, stored.Partition, stored.Offset, stored.Timestamp, stored.Stage, stored.Code, stored.Reason, stored.Attempts, stored.FailedAt, stored.Topology));
        Assert.Equal(letter.Key, stored.Key);
        Assert.Equal(letter.Value, stored.Value);
        Assert.Equal(letter.Headers.Select(header => header.Name), stored.Headers.Select(header => header.Name));
        Assert.Equal(letter.Headers.Select(header => header.Value!), stored.Headers.Select(header => header.Value!));
    }

    [Fact]
    public async Task WriteAsync_NullKeyAndValue_StayNull()
    {
        await using var sink = await OpenAsync();
        await sink.WriteAsync([Letter(1) with { Value = null }], CancellationToken.None);
        var stored = Assert.Single(await ReadAllAsync());
        Assert.Null(stored.Key);
        Assert.Null(stored.Value);
    }

    [Fact]
    public async Task WriteAsync_SamePlaceTwice_KeepsOne()
    {
        await using var sink = await OpenAsync();
        await sink.WriteAsync([Letter(1), Letter(2)], CancellationToken.None);
        await sink.WriteAsync([Letter(2), Letter(2)], CancellationToken.None);
        Assert.Equal([1L, 2L], (await ReadAllAsync()).Select(letter => letter.Offset).Order());
    }

    [Fact]
    public async Task WriteAsync_LargeValue_IsKept()
    {
        await using var sink = await OpenAsync();
        var value = new byte[900_000];
        new Random(1).NextBytes(value);
        await sink.WriteAsync([Letter(1) with { Value = value }], CancellationToken.None);
        Assert.Equal(value, Assert.Single(await ReadAllAsync()).Value);
    }

    [Fact]
    public async Task WriteAsync_Nothing_IsFine()
    {
        await using var sink = await OpenAsync();
        await sink.WriteAsync([], CancellationToken.None);
        Assert.Empty(await ReadAllAsync());
    }

    /// <summary>A letter of a place.</summary>
    protected static DeadLetter Letter(long offset) => new()
    {
        Topic = "raw",
        Partition = 0,
        Offset = offset,
        Timestamp = Make.Noon,
        Value = [1, 2, 3],
        Stage = "decode",
        Code = ErrorCodes.InvalidUtf8,
        Reason = "the value is not valid UTF-8",
        Attempts = 1,
        FailedAt = Make.Noon.AddSeconds(5),
        Topology = "test",
    };
}
