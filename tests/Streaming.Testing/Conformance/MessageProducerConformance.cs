using System.Text;
using Streaming.Contracts;
using Streaming.Core.Messaging;

namespace Streaming.Testing.Conformance;

/// <summary>What every <see cref="IMessageProducer"/> stores and answers.</summary>
public abstract class MessageProducerConformance
{
    /// <summary>A producer; each test writes to topics of its own, named by <see cref="Topic"/>.</summary>
    protected abstract IMessageProducer CreateProducer();

    /// <summary>A topic that exists or is made by the first write, new for each test.</summary>
    protected abstract string Topic { get; }

    /// <summary>Everything stored in a topic, partition by partition in order.</summary>
    protected abstract Task<IReadOnlyList<SourceMessage>> ReadAllAsync(string topic);

    [Fact]
    public async Task ProduceAsync_Messages_AnswersOneResultEachInOrder()
    {
        await using var producer = CreateProducer();
        var results = await producer.ProduceAsync(Topic, Numbered(20, i => "key-" + Fakes.Make.Number(i % 5)), CancellationToken.None);
        Assert.Equal(20, results.Count);
        Assert.All(results, result => Assert.True(result.IsStored, result.Error));
        var stored = (await ReadAllAsync(Topic)).ToDictionary(message => (message.Partition, message.Offset), message => Encoding.UTF8.GetString(message.Value!.Value.Span));
        for (var i = 0; i < 20; i++)
            Assert.Equal(Fakes.Make.Number(i), stored[(results[i].Partition, results[i].Offset)]);
    }

    [Fact]
    public async Task ProduceAsync_EqualKeys_ShareAPartitionInOrder()
    {
        await using var producer = CreateProducer();
        var results = await producer.ProduceAsync(Topic, Numbered(30, i => "key-" + Fakes.Make.Number(i % 3)), CancellationToken.None);
        for (var key = 0; key < 3; key++)
        {
            var own = results.Where((_, i) => i % 3 == key).ToArray();
            Assert.Single(own.Select(result => result.Partition).Distinct());
            Assert.Equal(own.Select(result => result.Offset).Order(), own.Select(result => result.Offset));
        }
    }

    [Fact]
    public async Task ProduceAsync_SecondCall_AppendsBehindTheFirst()
    {
        await using var producer = CreateProducer();
        var first = await producer.ProduceAsync(Topic, Numbered(3, _ => "k"), CancellationToken.None);
        var second = await producer.ProduceAsync(Topic, Numbered(3, _ => "k"), CancellationToken.None);
        Assert.True(second[0].Offset > first[2].Offset);
    }

    [Fact]
    public async Task ProduceAsync_Nothing_AnswersNothing()
    {
        await using var producer = CreateProducer();
        Assert.Empty(await producer.ProduceAsync(Topic, [], CancellationToken.None));
    }

    [Fact]
    public async Task ProduceAsync_EveryPartOfAMessage_IsStored()
    {
        await using var producer = CreateProducer();
        await producer.ProduceAsync(
            Topic,
            [
                new OutgoingMessage
                {
                    Key = new byte[] { 1, 0, 255 },
                    Value = new byte[] { 0, 255, 10 },
                    Headers = [new MessageHeader("h", "1"u8.ToArray()), new MessageHeader("h", [])],
                    Timestamp = Fakes.Make.Noon,
                },
            ],
            CancellationToken.None);
        var message = Assert.Single(await ReadAllAsync(Topic));
        Assert.Equal([1, 0, 255], message.Key!.Value.ToArray());
        Assert.Equal([0, 255, 10], message.Value!.Value.ToArray());
        Assert.Equal(Fakes.Make.Noon, message.Timestamp);
        Assert.Equal(["1"u8.ToArray(), []], message.Headers.Select(header => header.Value!));
    }

    [Fact]
    public async Task ProduceAsync_NullValue_StaysNull()
    {
        await using var producer = CreateProducer();
        await producer.ProduceAsync(Topic, [new OutgoingMessage { Key = "k"u8.ToArray(), Value = null }], CancellationToken.None);
        Assert.Null(Assert.Single(await ReadAllAsync(Topic)).Value);
    }

    [Fact]
    public async Task ProduceAsync_ManyAtOnce_StoresAll()
    {
        await using var producer = CreateProducer();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => producer.ProduceAsync(Topic, Numbered(50, i => "k" + Fakes.Make.Number(i)), CancellationToken.None).AsTask()));
        Assert.Equal(400, (await ReadAllAsync(Topic)).Count);
    }

    private static OutgoingMessage[] Numbered(int count, Func<int, string> key) =>
    [
        .. Enumerable.Range(0, count).Select(i => new OutgoingMessage
        {
            Key = Encoding.UTF8.GetBytes(key(i)),
            Value = Encoding.UTF8.GetBytes(Fakes.Make.Number(i)),
        }),
    ];
}
