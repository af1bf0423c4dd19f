using System.Text;
using Streaming.Contracts;
using Streaming.Core.Messaging;

namespace Streaming.Testing.Conformance;

/// <summary>What every <see cref="IMessageSource"/> delivers and remembers.</summary>
public abstract class MessageSourceConformance : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);
    private readonly List<IMessageSource> _open = [];

    /// <summary>Appends messages to the test's topic, which is new and empty for each test and has at least one partition.</summary>
    protected abstract Task ProduceAsync(IReadOnlyList<OutgoingMessage> messages);

    /// <summary>A consumer of the test's topic in this group, started by the suite.</summary>
    protected abstract IMessageSource CreateSource(string group);

    /// <summary>Makes the topic.</summary>
    public virtual Task InitializeAsync() => Task.CompletedTask;

    /// <summary>Closes what the suite opened; then removes the topic.</summary>
    public virtual async Task DisposeAsync()
    {
        foreach (var source in _open)
            await source.DisposeAsync();
    }

    [Fact]
    public async Task ReadAsync_Messages_ComeWholeAndInOrder()
    {
        await ProduceAsync(Numbered(25));
        var (source, listener) = await StartAsync();
        var messages = await ReadAsync(source, 25);
        AssertNumbered(messages, 0, 25);
        Assert.All(messages, message => Assert.Equal(listener.Epochs[message.Partition], message.Epoch));
        foreach (var partition in messages.GroupBy(message => message.Partition))
        {
            var offsets = partition.Select(message => message.Offset).ToArray();
            Assert.Equal(offsets.Order().Distinct(), offsets);
            Assert.True(offsets[0] >= listener.Starts[partition.Key]);
        }
    }

    [Fact]
    public async Task ReadAsync_KeyValueHeadersAndTime_AreAsProduced()
    {
        var time = new DateTimeOffset(2024, 2, 3, 4, 5, 6, 789, TimeSpan.Zero);
        byte[] value = [0, 0xFF, (byte)'\r', (byte)'\n', 0x80];
        await ProduceAsync(
        [
            new OutgoingMessage
            {
                Key = "kéy"u8.ToArray(),
                Value = value,
                Headers = [new MessageHeader("a", "1"u8.ToArray()), new MessageHeader("b", [0, 255]), new MessageHeader("a", "2"u8.ToArray())],
                Timestamp = time,
            },
        ]);
        var (source, _) = await StartAsync();
        var message = Assert.Single(await ReadAsync(source, 1));
        Assert.Equal("kéy"u8.ToArray(), message.Key!.Value.ToArray());
        Assert.Equal(value, message.Value!.Value.ToArray());
        Assert.Equal(["a", "b", "a"], message.Headers.Select(header => header.Name));
        Assert.Equal(["1"u8.ToArray(), [0, 255], "2"u8.ToArray()], message.Headers.Select(header => header.Value!));
        Assert.Equal(time, message.Timestamp);
    }

    [Fact]
    public async Task ReadAsync_NullAndEmpty_StayApart()
    {
        await ProduceAsync(
        [
            new OutgoingMessage { Key = null, Value = Array.Empty<byte>() },
            new OutgoingMessage { Key = "k"u8.ToArray(), Value = null },
        ]);
        var (source, _) = await StartAsync();
        var messages = await ReadAsync(source, 2);
        var unkeyed = Assert.Single(messages, message => message.Key is null);
        Assert.Equal(0, unkeyed.Value!.Value.Length);
        var keyed = Assert.Single(messages, message => message.Key is not null);
        Assert.Null(keyed.Value);
    }

    [Fact]
    public async Task ReadAsync_MaxMessages_IsKept()
    {
        await ProduceAsync(Numbered(10));
        var (source, _) = await StartAsync();
        for (var read = 0; read < 10;)
        {
            var messages = await source.ReadAsync(3, long.MaxValue, Token());
            Assert.InRange(messages.Count, 1, 3);
            read += messages.Count;
        }
    }

    [Fact]
    public async Task ReadAsync_MaxBytes_StopsAfterTheMessageThatReachesIt()
    {
        await ProduceAsync([.. Enumerable.Range(0, 6).Select(_ => new OutgoingMessage { Key = "k"u8.ToArray(), Value = new byte[1_000] })]);
        var (source, _) = await StartAsync();
        for (var read = 0; read < 6;)
        {
            var messages = await source.ReadAsync(100, 1_500, Token());
            Assert.InRange(messages.Count, 1, 2);
            read += messages.Count;
        }
    }

    [Fact]
    public async Task ReadAsync_MessageAboveMaxBytes_IsStillDelivered()
    {
        await ProduceAsync([new OutgoingMessage { Value = new byte[500_000] }]);
        var (source, _) = await StartAsync();
        var messages = await source.ReadAsync(10, 1, Token());
        Assert.Equal(500_000, Assert.Single(messages).Value!.Value.Length);
    }

    [Fact]
    public async Task ReadAsync_Cancelled_EndsTheWait()
    {
        await ProduceAsync(Numbered(1));
        var (source, _) = await StartAsync();
        await ReadAsync(source, 1);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await source.ReadAsync(1, 1, new CancellationToken(true)));
    }

    [Fact]
    public async Task CommitAsync_NextConsumer_GoesOnThere()
    {
        await ProduceAsync(Numbered(10, "same"));
        var (source, _) = await StartAsync();
        var messages = await ReadAsync(source, 10);
        await source.CommitAsync([new PartitionCommit(messages[0].Partition, messages[4].Offset + 1)], Token());
        await CloseAsync(source);
        var (next, listener) = await StartAsync();
        var again = await ReadAsync(next, 5);
        AssertNumbered(again, 5, 5);
        Assert.InRange(listener.Starts[again[0].Partition], messages[4].Offset + 1, messages[5].Offset);
    }

    [Fact]
    public async Task CommitAsync_Nothing_NextConsumerReadsAllAgain()
    {
        await ProduceAsync(Numbered(5));
        var (source, _) = await StartAsync();
        await ReadAsync(source, 5);
        await CloseAsync(source);
        var (next, _) = await StartAsync();
        AssertNumbered(await ReadAsync(next, 5), 0, 5);
    }

    [Fact]
    public async Task CommitAsync_OtherGroup_IsNotAffected()
    {
        await ProduceAsync(Numbered(5));
        var (source, _) = await StartAsync();
        var messages = await ReadAsync(source, 5);
        await source.CommitAsync([.. Ends(messages)], Token());
        var (other, _) = await StartAsync("another-group");
        AssertNumbered(await ReadAsync(other, 5), 0, 5);
    }

    [Fact]
    public async Task GetLagAsync_CountsWhatIsNotCommitted()
    {
        await ProduceAsync(Numbered(8));
        var (source, _) = await StartAsync();
        var messages = await ReadAsync(source, 8);
        Assert.Equal(8, (await source.GetLagAsync(Token())).Messages);
        await source.CommitAsync([.. Ends(messages)], Token());
        Assert.Equal(0, (await source.GetLagAsync(Token())).Messages);
    }

    [Fact]
    public async Task ReadAsync_MessageProducedLater_WakesTheReader()
    {
        await ProduceAsync(Numbered(1));
        var (source, _) = await StartAsync();
        await ReadAsync(source, 1);
        await ProduceAsync([new OutgoingMessage { Value = "later"u8.ToArray() }]);
        Assert.Equal("later", Text(Assert.Single(await ReadAsync(source, 1))));
    }

    /// <summary>Messages whose values are their numbers.</summary>
    protected static OutgoingMessage[] Numbered(int count, string? key = null) =>
    [
        .. Enumerable.Range(0, count).Select(i => new OutgoingMessage
        {
            Key = key is null ? (ReadOnlyMemory<byte>?)null : Encoding.UTF8.GetBytes(key),
            Value = Encoding.UTF8.GetBytes(Fakes.Make.Number(i)),
        }),
    ];

    private async Task<(IMessageSource Source, Listener Listener)> StartAsync(string group = "group")
    {
        var source = CreateSource(group);
        _open.Add(source);
        var listener = new Listener();
        await source.StartAsync(listener, Token());
        return (source, listener);
    }

    private async Task CloseAsync(IMessageSource source)
    {
        _open.Remove(source);
        await source.DisposeAsync();
    }

    private static async Task<List<SourceMessage>> ReadAsync(IMessageSource source, int count)
    {
        var messages = new List<SourceMessage>();
        while (messages.Count < count)
        {
            var more = await source.ReadAsync(count - messages.Count, long.MaxValue, Token());
            Assert.True(more.Count > 0, "the source ended too early");
            messages.AddRange(more);
        }

        return messages;
    }

    private static IEnumerable<PartitionCommit> Ends(IEnumerable<SourceMessage> messages) =>
        messages.GroupBy(message => message.Partition).Select(group => new PartitionCommit(group.Key, group.Max(message => message.Offset) + 1));

    private static void AssertNumbered(IReadOnlyList<SourceMessage> messages, int from, int count)
    {
        Assert.Equal(Enumerable.Range(from, count).Select(i => Fakes.Make.Number(i)).Order(StringComparer.Ordinal), messages.Select(Text).Order(StringComparer.Ordinal));
        foreach (var partition in messages.GroupBy(message => message.Partition))
        {
            var numbers = partition.Select(message => int.Parse(Text(message), System.Globalization.CultureInfo.InvariantCulture)).ToArray();
            Assert.Equal(numbers.Order(), numbers);
        }
    }

    private static string Text(SourceMessage message) => Encoding.UTF8.GetString(message.Value!.Value.Span);

    private static CancellationToken Token() => new CancellationTokenSource(Patience).Token;

    /// <summary>Remembers what it is told.</summary>
    protected sealed class Listener : IAssignmentListener
    {
        /// <summary>Epoch of each partition.</summary>
        public Dictionary<TopicPartition, int> Epochs { get; } = [];

        /// <summary>Where each partition starts.</summary>
        public Dictionary<TopicPartition, long> Starts { get; } = [];

        /// <inheritdoc/>
        public void OnAssigned(IReadOnlyList<PartitionCommit> partitions, int epoch)
        {
            foreach (var (partition, next) in partitions)
            {
                Epochs[partition] = epoch;
                Starts[partition] = next;
            }
        }

        /// <inheritdoc/>
        public ValueTask OnRevokingAsync(IReadOnlyList<TopicPartition> partitions, CancellationToken cancellationToken) => default;

        /// <inheritdoc/>
        public void OnLost(IReadOnlyList<TopicPartition> partitions)
        {
        }
    }
}
