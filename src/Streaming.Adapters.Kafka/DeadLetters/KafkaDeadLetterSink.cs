using Streaming.Contracts;
using Streaming.Core;
using Streaming.Core.Messaging;
using Streaming.Core.Sinks;
using Streaming.Core.Telemetry;

namespace Streaming.Adapters.Kafka;

/// <summary>
/// Writes dead letters to a topic, whole where that is possible. One the broker finds too large is written with a part
/// of its value, the SHA-256 of the whole and the place it lay at; it never fails for its size and never loops.
/// While the broker is away it waits, and says so once.
/// </summary>
public sealed class KafkaDeadLetterSink : IDeadLetterSink
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);
    private static readonly int[] Limits = [256 * 1024, 16 * 1024, 0];
    private readonly IMessageProducer _producer;
    private readonly string _topic;
    private readonly Action<Notice>? _onNotice;
    private readonly TimeProvider _time;

    /// <summary>A sink over a producer, which it owns from now on.</summary>
    public KafkaDeadLetterSink(IMessageProducer producer, string topic, Action<Notice>? onNotice = null, TimeProvider? time = null)
    {
        _producer = producer;
        _topic = topic;
        _onNotice = onNotice;
        _time = time ?? TimeProvider.System;
    }

    /// <inheritdoc/>
    /// <exception cref="StreamingException">The topic is missing, may not be written, or refuses even the shortest form.</exception>
    public async ValueTask WriteAsync(IReadOnlyList<DeadLetter> letters, CancellationToken cancellationToken)
    {
        if (letters.Count == 0)
            return;
        var refused = await TryAsync(letters, null, cancellationToken).ConfigureAwait(false);
        foreach (var limit in Limits)
        {
            if (refused.Count == 0)
                return;
            refused = await TryAsync(refused.ConvertAll(r => r.Letter), limit, cancellationToken).ConfigureAwait(false);
        }

        if (refused.Count > 0)
        {
            throw new StreamingException(
                "dead_letter_refused",
                $"Topic {_topic} refuses a dead letter even without its value ({refused[0].Error}). Raise the topic's max.message.bytes.",
                ExitCode.CheckFailed);
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _producer.DisposeAsync();

    private async Task<List<(DeadLetter Letter, string Error)>> TryAsync(IReadOnlyList<DeadLetter> letters, int? limit, CancellationToken cancellationToken)
    {
        var records = new OutgoingMessage[letters.Count];
        for (var i = 0; i < records.Length; i++)
            records[i] = DeadLetterHeaders.ToRecord(letters[i], limit);
        for (var said = false; ; said = true)
        {
            try
            {
                var results = await _producer.ProduceAsync(_topic, records, cancellationToken).ConfigureAwait(false);
                var refused = new List<(DeadLetter, string)>();
                for (var i = 0; i < results.Count; i++)
                {
                    if (results[i].Error is { } error)
                        refused.Add((letters[i], error));
                }

                return refused;
            }
            catch (DependencyUnavailableException e)
            {
                // Some may be stored already: a letter can lie there twice, told by its place. None may be lost.
                if (!said)
                    _onNotice?.Invoke(new Notice(NoticeLevel.Warning, "dead_letters_waiting", $"Dead letters for {_topic} wait: {e.Message}"));
                await Task.Delay(RetryDelay, _time, cancellationToken).ConfigureAwait(false);
            }
        }
    }
}
