using Streaming.Core.Telemetry;

namespace Streaming.Core.Engine.Stages;

/// <summary>Reads messages when there is room for them, and admits those whose assignment is still in force. One reader.</summary>
internal sealed class Intake(EngineContext context, Assignments assignments, WindowQueue queue)
{
    private const int MaxChunk = 64;

    /// <summary>Waits for room, then for messages.</summary>
    /// <param name="drain">Ends the wait: nothing more is read.</param>
    /// <returns>Chunks for the preparing workers, none when all messages were dropped; null at the end of the source or of reading.</returns>
    public async ValueTask<IReadOnlyList<InFlightDocument[]>?> ReadAsync(CancellationToken drain)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(drain, context.Stop);
        try
        {
            var (documents, bytes) = await context.Gate.WaitAsync(either.Token);
            var messages = await context.Pipeline.Source.ReadAsync(documents, bytes, either.Token);
            if (messages.Count > documents)
                throw new InvalidOperationException($"this is a bug: the source gave {messages.Count} messages where {documents} were asked for");
            return messages.Count == 0 ? null : Admit(messages);
        }
        catch (OperationCanceledException) when (drain.IsCancellationRequested)
        {
            // Nothing more is read; what is in flight is finished.
            return null;
        }
    }

    private List<InFlightDocument[]> Admit(IReadOnlyList<Messaging.SourceMessage> messages)
    {
        var now = context.Time.GetTimestamp();
        var ingested = context.Time.GetUtcNow();
        var documents = new List<InFlightDocument>(messages.Count);
        long bytes = 0;
        PartitionLane? lane = null;
        for (var i = 0; i < messages.Count; i++)
        {
            var message = messages[i];
            if (lane is null || lane.Partition != message.Partition)
                lane = assignments.LaneOf(message.Partition);

            // Of an assignment that ended while the source had it in hand: the next owner reads it.
            if (lane.Epoch != message.Epoch || !context.Tracker.Track(message.Partition, message.Epoch, message.Offset))
            {
                context.Telemetry.Fenced();
                continue;
            }

            var document = new InFlightDocument(message, lane, now, ingested) { Span = PipelineTracing.Start(message, context.Pipeline.Topology) };
            lane.Enter(document);
            documents.Add(document);
            bytes += message.SizeInBytes;
        }

        if (documents.Count == 0)
            return [];
        context.Gate.Enter(documents.Count, bytes);
        context.Progress.AddRead(documents.Count);
        context.Progress.SetInFlight(context.Gate.Documents, context.Gate.Bytes);
        context.Telemetry.Read(documents.Count);
        queue.Announce(documents.Count);
        var size = Math.Clamp((documents.Count + context.Workers - 1) / context.Workers, 1, MaxChunk);
        var chunks = new List<InFlightDocument[]>((documents.Count + size - 1) / size);
        for (var start = 0; start < documents.Count; start += size)
            chunks.Add([.. documents[start..Math.Min(documents.Count, start + size)]]);
        return chunks;
    }
}
