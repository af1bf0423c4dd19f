using System.Text.Json;
using Streaming.Contracts;
using Streaming.Core.Messaging;

namespace Streaming.Core.Models.Registry;

/// <summary>
/// Follows a channel by the topic of its decisions. The bundles themselves lie in the registry, and are verified there: an event only
/// says which. What is no event is counted and passed over.
/// </summary>
/// <param name="source">Reads the topic, all of it, for this process alone; from its end is enough. Stays the caller's.</param>
/// <param name="view">Learns from it.</param>
/// <param name="registry">Is looked at when reading begins, for what was decided before.</param>
/// <param name="changed">Called when something else is in force; its exceptions end the following.</param>
public sealed class ModelEventFollower(IMessageSource source, ChannelView view, ModelRegistry registry, Func<CancellationToken, ValueTask> changed) : IAssignmentListener
{
    private const int MaxMessages = 100;
    private const long MaxBytes = 4 * 1024 * 1024;
    private const int DigestLength = 64;

    private readonly TaskCompletionSource _assigned = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _heard, _bad;
    private int _isNew;

    /// <summary>Decisions of the channel heard of so far.</summary>
    public long Heard => Interlocked.Read(ref _heard);

    /// <summary>Messages that were no event.</summary>
    public long Bad => Interlocked.Read(ref _bad);

    /// <summary>Completes when the topic is being read: what is decided from then on is heard.</summary>
    public Task Reading => _assigned.Task;

    /// <summary>Runs until the source ends or it is told to stop.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        try
        {
            await source.StartAsync(this, stop).ConfigureAwait(false);
            while (true)
            {
                var reading = source.ReadAsync(MaxMessages, MaxBytes, stop).AsTask();
                // What was decided before the reading began is in the registry, and no message may ever come.
                await Task.WhenAny(reading, _assigned.Task).ConfigureAwait(false);
                if (Interlocked.Exchange(ref _isNew, 0) != 0 && view.Look(registry))
                    await changed(stop).ConfigureAwait(false);
                var messages = await reading.ConfigureAwait(false);
                var isChanged = false;
                foreach (var message in messages)
                    isChanged |= Hear(message);
                if (isChanged)
                    await changed(stop).ConfigureAwait(false);
                if (messages.Count == 0)
                    return;
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Stopped.
        }
    }

    /// <inheritdoc/>
    public void OnAssigned(IReadOnlyList<PartitionCommit> partitions, int epoch)
    {
        Volatile.Write(ref _isNew, 1);
        _assigned.TrySetResult();
    }

    /// <inheritdoc/>
    public ValueTask OnRevokingAsync(IReadOnlyList<TopicPartition> partitions, CancellationToken cancellationToken) => default;

    /// <inheritdoc/>
    public void OnLost(IReadOnlyList<TopicPartition> partitions)
    {
    }

    /// <summary>An event off a topic, checked; null when it is none.</summary>
    public static ModelEvent? Read(ReadOnlyMemory<byte>? value)
    {
        try
        {
            var read = value is { } bytes ? JsonSerializer.Deserialize(bytes.Span, ContractsJson.Wire.ModelEvent) : null;
            return read is { Name: not null, Channel: not null, Digest.Length: DigestLength, Sequence: > 0 } && read.Digest.All(char.IsAsciiHexDigitLower) ? read : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private bool Hear(SourceMessage message)
    {
        if (Read(message.Value) is not { } decided)
        {
            Interlocked.Increment(ref _bad);
            return false;
        }

        if (decided.Name == view.Name && decided.Channel == view.Channel)
            Interlocked.Increment(ref _heard);
        return view.Hear(decided);
    }
}
