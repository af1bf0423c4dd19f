using System.Text;
using Streaming.Core.Messaging;

namespace Streaming.Server.Tests.Fakes;

/// <summary>Keeps what it is given; refuses values that contain "refuse".</summary>
internal sealed class FakeProducer : IMessageProducer
{
    public List<(string Topic, string? Key, byte[] Value)> Stored { get; } = [];

    public ValueTask<IReadOnlyList<ProduceResult>> ProduceAsync(string topic, IReadOnlyList<OutgoingMessage> messages, CancellationToken cancellationToken)
    {
        var results = new List<ProduceResult>();
        foreach (var message in messages)
        {
            var value = message.Value!.Value.ToArray();
            if (Encoding.UTF8.GetString(value).Contains("refuse", StringComparison.Ordinal))
            {
                results.Add(new(new(topic, 0), -1, "the log is full"));
                continue;
            }

            Stored.Add((topic, message.Key is { } key ? Encoding.UTF8.GetString(key.Span) : null, value));
            results.Add(new(new(topic, 0), Stored.Count - 1, null));
        }

        return ValueTask.FromResult<IReadOnlyList<ProduceResult>>(results);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
