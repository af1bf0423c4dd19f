using System.Text;
using Streaming.Adapters.Sqlite.DeadLetters;
using Streaming.Contracts;
using static Streaming.Adapters.Sqlite.Tests.Samples;

namespace Streaming.Adapters.Sqlite.Tests.DeadLetters;

public sealed class DeadLetterTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    public async Task WriteAsync_SamePlaceTwice_KeepsOneWithItsBytes()
    {
        using var folder = new StoreFolder();
        await using var store = await folder.OpenAsync();
        var sink = store.CreateSink("t");
        await sink.WriteAsync([Letter(5), Letter(6, ErrorCodes.MalformedJson)], None);
        await sink.WriteAsync([Letter(5)], None);
        var letters = await store.ListDeadLettersAsync(new DeadLetterQuery(), None);
        Assert.Equal([5L, 6], letters.Select(l => l.Letter.Offset));
        Assert.Equal([0xff, 0x00, 0xfe], letters[0].Letter.Value);
        Assert.Equal([6L], (await store.ListDeadLettersAsync(new() { Code = ErrorCodes.MalformedJson }, None)).Select(l => l.Letter.Offset));
        Assert.Empty(await store.ListDeadLettersAsync(new() { Topology = "other" }, None));
        Assert.Equal(letters[1].Id, (await store.ListDeadLettersAsync(new() { AfterId = letters[0].Id }, None)).Single().Id);
        Assert.Null(await store.GetDeadLetterAsync(99, None));
    }

    [Fact]
    public async Task RedriveAsync_Letter_AppendsTheOriginalOnceWithItsAttempts()
    {
        using var folder = new StoreFolder();
        await using var store = await folder.OpenAsync(new() { MaxAttempts = 3 });
        await store.CreateProducer().ProduceAsync("text.raw", [Message("x")], None);
        await store.CreateSink("t").WriteAsync([Letter(0, attempts: 2), Letter(1, attempts: 3)], None);
        var ids = (await store.ListDeadLettersAsync(new(), None)).Select(l => l.Id).ToArray();
        var results = await store.RedriveAsync([.. ids, 99], None);
        Assert.Equal([null, ErrorCodes.AttemptsExhausted, RedriveResult.NotFound], results.Select(r => r.Error));
        Assert.Equal(1, results[0].Offset);
        Assert.Equal(RedriveResult.AlreadyRedriven, (await store.RedriveAsync([ids[0]], None))[0].Error);
        Assert.Equal([ids[1]], (await store.ListDeadLettersAsync(new(), None)).Select(l => l.Id));

        await using var source = store.CreateSource(new() { Group = "g", Topics = ["text.raw"], StopAtEnd = true });
        await source.StartAsync(new Assignments(), None);
        var again = (await source.ReadAsync(10, long.MaxValue, None))[1];
        Assert.Equal([0xff, 0x00, 0xfe], again.Value!.Value.ToArray());
        Assert.Equal("2", Encoding.ASCII.GetString(again.Headers.Single(h => h.Name == MessageHeader.Attempts).Value!));
        Assert.Equal("0", Encoding.ASCII.GetString(again.Headers.Single(h => h.Name == MessageHeader.FirstOffset).Value!));
        Assert.Equal(4, again.Headers.Count);
        Assert.Equal(Noon, again.Timestamp);
    }
}
