using System.Collections.Concurrent;
using Streaming.Core.Messaging;

namespace Streaming.Testing.Fakes;

/// <summary>Appends to topics in memory, two partitions each.</summary>
public sealed class InMemoryProducer : IMessageProducer
{
    private const int Partitions = 2;

    private readonly ConcurrentDictionary<TopicPartition, List<SourceMessage>> _messages = new();
    private int _next;

    /// <summary>Why a message is refused; null: it is not.</summary>
    public Func<OutgoingMessage, string?>? Reject { get; set; }

    /// <summary>Called before anything is stored; may throw.</summary>
    public Action? BeforeStore { get; set; }

    /// <summary>What is stored in a topic, partition by partition.</summary>
    public IReadOnlyList<SourceMessage> Read(string topic)
    {
        var all = new List<SourceMessage>();
        for (var partition = 0; partition < Partitions; partition++)
        {
            if (!_messages.TryGetValue(new TopicPartition(topic, partition), out var list))
                continue;
            lock (list)
                all.AddRange(list);
        }

        return all;
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<ProduceResult>> ProduceAsync(string topic, IReadOnlyList<OutgoingMessage> messages, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        BeforeStore?.Invoke();
        var results = new ProduceResult[messages.Count];
        for (var i = 0; i < results.Length; i++)
        {
            var message = messages[i];
            var place = new TopicPartition(topic, PartitionOf(message.Key));
            if (Reject?.Invoke(message) is { } reason)
            {
                results[i] = new ProduceResult(place, -1, reason);
                continue;
            }

            var list = _messages.GetOrAdd(place, static _ => []);
            lock (list)
            {
                results[i] = new ProduceResult(place, list.Count, null);
                list.Add(new SourceMessage
                {
                    Partition = place,
                    Offset = list.Count,
                    Key = message.Key,
                    Value = message.Value,
                    Headers = message.Headers,
                    Timestamp = message.Timestamp ?? Make.Noon,
                });
            }
        }

        return new ValueTask<IReadOnlyList<ProduceResult>>(results);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => default;

    private int PartitionOf(ReadOnlyMemory<byte>? key)
    {
        if (key is not { } bytes)
            return (Interlocked.Increment(ref _next) & int.MaxValue) % Partitions;
        var sum = 17;
        foreach (var part in bytes.Span)
            sum = (sum * 31) + part;
        return (sum & int.MaxValue) % Partitions;
    }
}
