using Streaming.Core;
using Client = Confluent.Kafka;

namespace Streaming.Adapters.Kafka.Source;

/// <summary>Looks for broker and topics before anything runs, so that a mistake is told within seconds.</summary>
internal static class StartCheck
{
    /// <summary>Returns when the broker answers and has the topics. Blocks; for a thread of the pool.</summary>
    /// <param name="handle">Client to ask with.</param>
    /// <param name="topics">Names; patterns (<c>^…</c>) are not looked for.</param>
    /// <param name="settings">The client's, resolved.</param>
    /// <param name="timeout">Then it gives up, unless the settings give a connection longer to come up.</param>
    /// <param name="time">Clock.</param>
    /// <param name="lastError">What the client last complained about, or null.</param>
    /// <param name="cancellationToken">Gives up at once.</param>
    public static void Run(
        Client.Handle handle,
        IReadOnlyList<string> topics,
        IReadOnlyDictionary<string, string> settings,
        TimeSpan timeout,
        TimeProvider time,
        Func<Client.Error?> lastError,
        CancellationToken cancellationToken)
    {
        var servers = KafkaSettings.Servers(settings);
        var patience = KafkaSettings.Patience(settings, timeout);
        var begin = time.GetTimestamp();
        var detail = "";
        using var admin = new Client.DependentAdminClientBuilder(handle).Build();
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Client.KafkaException? failure = null;
            try
            {
                var metadata = admin.GetMetadata(TimeSpan.FromSeconds(1));
                CheckTopics(metadata, topics);
                return;
            }
            catch (Client.KafkaException e)
            {
                failure = e;
            }

            while (lastError() is { } error)
            {
                if (KafkaErrors.IsAuthentication(error.Code))
                    throw KafkaErrors.Authentication(servers, error.Reason, failure);
                if (error.Code != Client.ErrorCode.Local_AllBrokersDown || detail.Length == 0)
                    detail = error.Reason;
            }

            if (KafkaErrors.IsAuthorization(failure.Error.Code))
                throw KafkaErrors.Authorization("asking for its topics", failure.Error.Reason);
            if (time.GetElapsedTime(begin) >= patience)
                throw KafkaErrors.Unreachable(servers, detail.Length > 0 ? detail : failure.Error.Reason, failure);
        }
    }

    private static void CheckTopics(Client.Metadata metadata, IReadOnlyList<string> topics)
    {
        var missing = new List<string>();
        foreach (var topic in topics)
        {
            if (!topic.StartsWith('^') && !metadata.Topics.Exists(known => known.Topic == topic && !known.Error.IsError))
                missing.Add(topic);
        }

        if (missing.Count > 0)
            throw KafkaErrors.TopicMissing(missing);
    }
}
