using Client = Confluent.Kafka;

namespace Streaming.Adapters.Kafka;

/// <summary>What a group has committed.</summary>
internal static class GroupOffsets
{
    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(200);

    /// <summary>Asks until there is an answer: a group's coordinator moves, or is only just being made, and that passes.</summary>
    /// <exception cref="Client.KafkaException">It does not pass within <paramref name="patience"/>, or it is another error.</exception>
    public static async Task<List<Client.TopicPartitionOffset>> CommittedAsync(
        Client.IConsumer<byte[], byte[]> consumer, List<Client.TopicPartition> partitions, TimeSpan patience, TimeProvider time, CancellationToken cancellationToken)
    {
        var begin = time.GetTimestamp();
        while (true)
        {
            try
            {
                return consumer.Committed(partitions, patience);
            }
            catch (Client.KafkaException e) when (KafkaErrors.IsTransient(e.Error.Code) && time.GetElapsedTime(begin) < patience)
            {
                await Task.Delay(Between, time, cancellationToken).ConfigureAwait(false);
            }
        }
    }
}
