using System.Text;
using Streaming.Contracts;
using Streaming.Core.Labelling;
using Streaming.Core.Messaging;
using Streaming.Core.Telemetry;

namespace Streaming.Learning.Labelling;

/// <summary>
/// Brings the topics of requests and samples into a sample store, for whoever trains or labels away from the
/// pipeline. A sample's message without a value takes it back. What is neither is counted and passed over.
/// </summary>
/// <param name="source">Reads both topics.</param>
/// <param name="requestTopic">Topic of the requests; every other one has samples.</param>
/// <param name="store">Where they go.</param>
/// <param name="time">Clock and timers.</param>
/// <param name="notify">Hears what belongs in the log.</param>
public sealed class SampleCollector(IMessageSource source, string requestTopic, ISampleStore store, TimeProvider time, Action<Notice>? notify)
{
    private long _collected, _bad;

    /// <summary>Requests and samples that were new.</summary>
    public long Collected => Interlocked.Read(ref _collected);

    /// <summary>Messages that were neither.</summary>
    public long Bad => Interlocked.Read(ref _bad);

    /// <summary>Runs until the source ends or it is told to stop.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        using var consumer = new TopicConsumer(source, maxMessages: 500, time, notify);
        await consumer.RunAsync(
            async (messages, token) =>
            {
                var requests = new List<LabelRequest>();
                var samples = new List<LabelledSample>();
                var takenBack = new HashSet<string>(StringComparer.Ordinal);
                foreach (var message in messages)
                {
                    if (message.Partition.Topic == requestTopic && LabelMessages.ReadRequest(message) is { IsSuccess: true } request)
                    {
                        requests.Add(request.Value);
                    }
                    else if (message.Partition.Topic != requestTopic && message is { Value: null, Key: { } key })
                    {
                        var id = Encoding.UTF8.GetString(key.Span);
                        samples.RemoveAll(sample => sample.Id == id);
                        takenBack.Add(id);
                    }
                    else if (message.Partition.Topic != requestTopic && LabelMessages.ReadSample(message) is { IsSuccess: true } sample)
                    {
                        samples.Add(sample.Value);
                    }
                    else
                    {
                        Interlocked.Increment(ref _bad);
                    }
                }

                var added = await consumer.PersistAsync(
                    async give =>
                    {
                        // What is taken back and said again within these messages is among the samples: first away, then in.
                        await store.RemoveSamplesAsync([.. takenBack], give).ConfigureAwait(false);
                        return await store.AddRequestsAsync(requests, give).ConfigureAwait(false) + await store.AddSamplesAsync(samples, give).ConfigureAwait(false);
                    },
                    token).ConfigureAwait(false);
                Interlocked.Add(ref _collected, added);
            },
            stop).ConfigureAwait(false);
    }
}
