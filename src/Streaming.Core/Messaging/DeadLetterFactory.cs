using Streaming.Contracts;
using Streaming.Core.Engine;

namespace Streaming.Core.Messaging;

/// <summary>Makes dead letters out of messages.</summary>
public static class DeadLetterFactory
{
    /// <summary>The dead letter of a message, its bytes as they came, the tries before this one counted.</summary>
    /// <param name="message">The message.</param>
    /// <param name="failure">Why it is given up.</param>
    /// <param name="topology">Name of the topology that gives it up.</param>
    /// <param name="failedAt">When.</param>
    public static DeadLetter Create(SourceMessage message, StageFailure failure, string topology, DateTimeOffset failedAt)
    {
        ArgumentNullException.ThrowIfNull(message);
        ArgumentNullException.ThrowIfNull(failure);
        return new DeadLetter
        {
            Topic = message.Partition.Topic,
            Partition = message.Partition.Partition,
            Offset = message.Offset,
            Timestamp = message.Timestamp,
            Key = message.Key?.ToArray(),
            Value = message.Value?.ToArray(),
            Headers = message.Headers,
            Stage = failure.Stage,
            Code = failure.Code,
            Reason = failure.Reason,
            Attempts = Redriven.Attempts(message) + 1,
            FailedAt = failedAt,
            Topology = topology,
        };
    }
}
