using System.Text;
using System.Text.Json;
using Streaming.Contracts;
using Streaming.Core;
using Streaming.Core.Labelling;
using Streaming.Core.Messaging;

namespace Streaming.Learning.Labelling;

/// <summary>Passes requests for labels on to a topic, and to a sample store beside it where there is one.</summary>
/// <param name="producer">Where the topic lies.</param>
/// <param name="topic">The topic.</param>
/// <param name="store">Store of this process, or null. It only mirrors the topic.</param>
public sealed class TopicRequestSink(IMessageProducer producer, string topic, ISampleStore? store) : ILabelRequestSink
{
    /// <inheritdoc/>
    public async ValueTask WriteAsync(IReadOnlyList<LabelRequest> requests, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(requests);
        var messages = requests.Select(request => new OutgoingMessage
        {
            Key = Encoding.UTF8.GetBytes(request.Id),
            Value = JsonSerializer.SerializeToUtf8Bytes(request, ContractsJson.Wire.LabelRequest),
        }).ToList();
        var results = await producer.ProduceAsync(topic, messages, cancellationToken).ConfigureAwait(false);
        if (results.FirstOrDefault(static result => !result.IsStored) is { Error: { } error })
            throw new DependencyUnavailableException("label_topic_refused", $"The topic '{topic}' refused a request for labels: {error}. See labelling.topic.");
        if (store is not null)
            await store.AddRequestsAsync(requests, cancellationToken).ConfigureAwait(false);
    }
}
