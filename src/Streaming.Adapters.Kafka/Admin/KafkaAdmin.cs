using Streaming.Adapters.Kafka.Source;
using Streaming.Core;
using Client = Confluent.Kafka;

namespace Streaming.Adapters.Kafka;

/// <summary>What <c>streaming topics</c> and <c>streaming lag</c> ask a cluster.</summary>
public sealed class KafkaAdmin : IAsyncDisposable
{
    private static readonly TimeSpan Least = TimeSpan.FromSeconds(10);
    private readonly Dictionary<string, string> _settings;
    private readonly Client.IAdminClient _client;
    private readonly TimeProvider _time;
    private readonly TimeSpan _ask;
    private readonly LastError _lastError = new();

    /// <summary>An administrative client; nothing is connected yet.</summary>
    /// <param name="client">Settings as in <see cref="KafkaSourceOptions.Client"/>.</param>
    /// <param name="time">Clock.</param>
    public KafkaAdmin(IReadOnlyDictionary<string, string> client, TimeProvider? time = null)
    {
        _settings = KafkaSettings.ForAdmin(KafkaSettings.Resolve(client));
        _time = time ?? TimeProvider.System;
        _ask = KafkaSettings.Patience(_settings, Least);
        _client = ClientSettings.Build(new Client.AdminClientBuilder(_settings)
            .SetLogHandler(static (_, _) => { })
            .SetErrorHandler((_, error) => _lastError.Set(error))
            .Build);
    }

    /// <summary>Looks for the broker and the topics.</summary>
    /// <exception cref="StreamingException"><c>kafka_unreachable</c>, <c>kafka_authentication_failed</c>, <c>kafka_topic_missing</c>.</exception>
    public Task CheckAsync(IReadOnlyList<string> topics, CancellationToken cancellationToken) => Task.Run(
        () => StartCheck.Run(
            _client.Handle, topics, _settings, KafkaSourceOptions.DefaultStartTimeout, _time,
            _lastError.Take, cancellationToken),
        cancellationToken);

    /// <summary>Creates topics that are not there yet; those that are stay as they are.</summary>
    /// <returns>The names created.</returns>
    /// <exception cref="StreamingException"><c>kafka_topic_not_created</c> with the broker's reason, or as <see cref="CheckAsync"/>.</exception>
    public async Task<IReadOnlyList<string>> CreateTopicsAsync(IReadOnlyList<KafkaTopic> topics, CancellationToken cancellationToken)
    {
        await CheckAsync([], cancellationToken).ConfigureAwait(false);
        var created = new List<string>();
        foreach (var topic in topics)
        {
            try
            {
                await _client.CreateTopicsAsync(
                [
                    new Client.Admin.TopicSpecification
                    {
                        Name = topic.Name,
                        NumPartitions = topic.Partitions,
                        ReplicationFactor = topic.ReplicationFactor,
                        Configs = topic.Settings is null ? null : new Dictionary<string, string>(topic.Settings),
                    },
                ]).WaitAsync(cancellationToken).ConfigureAwait(false);
                created.Add(topic.Name);
            }
            catch (Client.Admin.CreateTopicsException e)
            {
                var error = e.Results[0].Error;
                if (error.Code == Client.ErrorCode.TopicAlreadyExists)
                    continue;
                throw new StreamingException("kafka_topic_not_created", $"Topic {topic.Name} was not created: {error.Reason}", ExitCode.CheckFailed, e);
            }
        }

        return created;
    }

    /// <summary>Deletes topics with everything in them; one that is not there is passed over.</summary>
    /// <exception cref="StreamingException"><c>kafka_topic_not_deleted</c> with the broker's reason, or as <see cref="CheckAsync"/>.</exception>
    public async Task DeleteTopicsAsync(IReadOnlyList<string> topics, CancellationToken cancellationToken)
    {
        await CheckAsync([], cancellationToken).ConfigureAwait(false);
        try
        {
            await _client.DeleteTopicsAsync(topics).WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Client.Admin.DeleteTopicsException e)
        {
            foreach (var result in e.Results)
            {
                if (result.Error.IsError && result.Error.Code is not (Client.ErrorCode.UnknownTopicOrPart or Client.ErrorCode.Local_UnknownTopic))
                    throw new StreamingException("kafka_topic_not_deleted", $"Topic {result.Topic} was not deleted: {result.Error.Reason}", ExitCode.CheckFailed, e);
            }
        }
    }

    /// <summary>How far a group is behind, partition by partition, whether or not it runs.</summary>
    public Task<IReadOnlyList<KafkaPartitionLag>> DescribeLagAsync(string group, IReadOnlyList<string> topics, CancellationToken cancellationToken) =>
        Task.Run<IReadOnlyList<KafkaPartitionLag>>(
            async () =>
            {
                await CheckAsync(topics, cancellationToken).ConfigureAwait(false);
                return await DescribeLagCoreAsync(group, topics, cancellationToken).ConfigureAwait(false);
            },
            cancellationToken);

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _client.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task<List<KafkaPartitionLag>> DescribeLagCoreAsync(string group, IReadOnlyList<string> topics, CancellationToken cancellationToken)
    {
        var settings = new Dictionary<string, string>(_settings) { ["group.id"] = group, ["enable.auto.commit"] = "false", ["auto.offset.reset"] = "earliest" };
        using var consumer = new Client.ConsumerBuilder<byte[], byte[]>(settings).SetLogHandler(static (_, _) => { }).Build();
        var partitions = new List<Client.TopicPartition>();
        foreach (var topic in _client.GetMetadata(_ask).Topics)
        {
            if (Matches(topic.Topic, topics))
                partitions.AddRange(topic.Partitions.ConvertAll(p => new Client.TopicPartition(topic.Topic, p.PartitionId)));
        }

        var lags = new List<KafkaPartitionLag>();
        var behind = new Dictionary<Client.TopicPartition, int>();
        var starts = new List<Client.TopicPartitionOffset>();
        foreach (var committed in await GroupOffsets.CommittedAsync(consumer, partitions, _ask, _time, cancellationToken).ConfigureAwait(false))
        {
            var range = consumer.QueryWatermarkOffsets(committed.TopicPartition, _ask);
            var known = committed.Offset.Value >= 0;
            var from = known ? Math.Max(committed.Offset.Value, range.Low.Value) : range.Low.Value;
            var messages = Math.Max(0, range.High.Value - (known ? committed.Offset.Value : from));
            if (from < range.High.Value)
            {
                behind[committed.TopicPartition] = lags.Count;
                starts.Add(new Client.TopicPartitionOffset(committed.TopicPartition, from));
            }

            lags.Add(new KafkaPartitionLag(committed.Topic, committed.Partition.Value, known ? committed.Offset.Value : null, range.High.Value, messages, null));
        }

        // The first message behind each committed offset tells the age. Transaction markers at the end have none.
        consumer.Assign(starts);
        var begin = _time.GetTimestamp();
        while (behind.Count > 0 && _time.GetElapsedTime(begin) < Least)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (consumer.Consume(500) is not { Message: { } message } result || !behind.Remove(result.TopicPartition, out var index))
                continue;
            var age = _time.GetUtcNow() - KafkaTime.From(message.Timestamp.UnixTimestampMs);
            lags[index] = lags[index] with { Age = age < TimeSpan.Zero ? TimeSpan.Zero : age };
            consumer.Pause([result.TopicPartition]);
        }

        consumer.Close();
        return lags;
    }

    private static bool Matches(string topic, IReadOnlyList<string> wanted)
    {
        foreach (var name in wanted)
        {
            if (name == topic || (name.StartsWith('^') && System.Text.RegularExpressions.Regex.IsMatch(topic, name, System.Text.RegularExpressions.RegexOptions.NonBacktracking)))
                return true;
        }

        return false;
    }
}
