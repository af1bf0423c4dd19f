using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Streaming.Contracts;
using Streaming.Core;
using Streaming.Core.Labelling;
using Streaming.Core.Messaging;

namespace Streaming.Learning.Labelling;

/// <summary>
/// A sample store whose writes go to the topics first, so that every other store that is fed from them has them too; then to the
/// store of this process, so that whoever wrote sees it at once. What is taken back is a message without a value. Counts
/// that writes return are lower bounds: what feeds the store from the topics may be quicker than the writer.
/// </summary>
/// <param name="producer">Where the topics lie.</param>
/// <param name="requestTopic">Topic of the requests.</param>
/// <param name="labelledTopic">Topic of the samples.</param>
/// <param name="store">The store of this process.</param>
public sealed class TopicSampleStore(IMessageProducer producer, string requestTopic, string labelledTopic, ISampleStore store) : ISampleStore, ILabelRequestSink
{
    /// <inheritdoc/>
    public async ValueTask WriteAsync(IReadOnlyList<LabelRequest> requests, CancellationToken cancellationToken) =>
        await AddRequestsAsync(requests, cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public async ValueTask<int> AddRequestsAsync(IReadOnlyList<LabelRequest> requests, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(requests);
        await WriteAsync(requestTopic, "labelling.topic", [.. requests.Select(static request => Message(request.Id, request, ContractsJson.Wire.LabelRequest))], cancellationToken).ConfigureAwait(false);
        return await store.AddRequestsAsync(requests, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask<int> AddSamplesAsync(IReadOnlyList<LabelledSample> samples, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(samples);
        await WriteAsync(labelledTopic, "labelling.labelled_topic", [.. samples.Select(static sample => Message(sample.Id, sample, ContractsJson.Wire.LabelledSample))], cancellationToken).ConfigureAwait(false);
        return await store.AddSamplesAsync(samples, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask<int> RemoveSamplesAsync(IReadOnlyList<string> ids, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(ids);
        await WriteAsync(labelledTopic, "labelling.labelled_topic", [.. ids.Select(static id => new OutgoingMessage { Key = Encoding.UTF8.GetBytes(id), Value = null })], cancellationToken).ConfigureAwait(false);
        return await store.RemoveSamplesAsync(ids, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public ValueTask<LabelRequest?> FindRequestAsync(string id, CancellationToken cancellationToken) => store.FindRequestAsync(id, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<StoredRequest>> ListRequestsAsync(RequestQuery query, CancellationToken cancellationToken) => store.ListRequestsAsync(query, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<StoredSample>> ListSamplesAsync(SampleQuery query, CancellationToken cancellationToken) => store.ListSamplesAsync(query, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<SampleStatistics> GetStatisticsAsync(string? topology, long afterSequence, CancellationToken cancellationToken) =>
        store.GetStatisticsAsync(topology, afterSequence, cancellationToken);

    private static OutgoingMessage Message<T>(string id, T value, JsonTypeInfo<T> type) => new() { Key = Encoding.UTF8.GetBytes(id), Value = JsonSerializer.SerializeToUtf8Bytes(value, type) };

    private async ValueTask WriteAsync(string topic, string setting, IReadOnlyList<OutgoingMessage> messages, CancellationToken cancellationToken)
    {
        if (messages.Count == 0)
            return;
        var results = await producer.ProduceAsync(topic, messages, cancellationToken).ConfigureAwait(false);
        if (results.FirstOrDefault(static result => !result.IsStored) is { Error: { } error })
            throw new DependencyUnavailableException("label_topic_refused", $"The topic '{topic}' refused what is to be labelled, or a label: {error}. See {setting}.");
    }
}
