using Streaming.Contracts;
using Streaming.Core.Engine;
using Streaming.Core.Messaging;
using Streaming.Core.Sinks;
using Streaming.Core.Telemetry;

namespace Streaming.Learning.Labelling;

/// <summary>
/// Reads requests for labels, has them answered, and passes the samples on before the requests count as done. A labeller that is away,
/// or whose money for today is spent, is waited for; a message that is no request becomes a dead letter.
/// </summary>
public sealed class LabellingWorker
{
    private readonly LabellingWorkerOptions _options;
    private readonly TimeProvider _time;
    private long _requests, _samples, _abstained, _bad;

    /// <param name="options">Its parts.</param>
    /// <param name="time">Clock and timers.</param>
    public LabellingWorker(LabellingWorkerOptions options, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(options);
        (_options, _time) = (options, time);
    }

    /// <summary>What it has done so far.</summary>
    public LabellingProgress Progress => new(Interlocked.Read(ref _requests), Interlocked.Read(ref _samples), Interlocked.Read(ref _abstained), Interlocked.Read(ref _bad));

    /// <summary>Runs until the source ends or it is told to stop.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        using var consumer = new TopicConsumer(_options.Source, Math.Max(1, _options.Concurrency) * 4, _time, _options.Notify);
        await consumer.RunAsync((messages, token) => LabelAsync(consumer, messages, token), stop).ConfigureAwait(false);
    }

    private async Task LabelAsync(TopicConsumer consumer, IReadOnlyList<SourceMessage> messages, CancellationToken stop)
    {
        var answers = new IReadOnlyList<LabelledSample>?[messages.Count];
        var letters = new DeadLetter?[messages.Count];
        await Parallel.ForAsync(
            0, messages.Count, new ParallelOptions { MaxDegreeOfParallelism = Math.Max(1, _options.Concurrency), CancellationToken = stop },
            async (i, token) =>
            {
                var read = LabelMessages.ReadRequest(messages[i]);
                if (!read.IsSuccess)
                    letters[i] = DeadLetterFactory.Create(messages[i], read.Failure, _options.Topology, _time.GetUtcNow());
                else if (read.Value.Topology == _options.Topology)
                    answers[i] = await consumer.PersistAsync(give => _options.Labeller.LabelAsync(read.Value, give), token).ConfigureAwait(false);
            }).ConfigureAwait(false);

        // Money is spent by now: it is written even when somebody asks to stop.
        var samples = answers.Where(static answer => answer is not null).SelectMany(static answer => answer!).ToList();
        if (samples.Count > 0)
        {
            await consumer.PersistAsync(
                async token =>
                {
                    await _options.Write(samples, token).ConfigureAwait(false);
                    return true;
                },
                stop).ConfigureAwait(false);
        }

        var bad = letters.OfType<DeadLetter>().ToList();
        if (bad.Count > 0)
        {
            await consumer.PersistAsync(
                async token =>
                {
                    await _options.DeadLetters.WriteAsync(bad, token).ConfigureAwait(false);
                    return true;
                },
                stop).ConfigureAwait(false);
        }

        Interlocked.Add(ref _requests, answers.Count(static answer => answer is not null));
        Interlocked.Add(ref _samples, samples.Count(static sample => sample.Validity == SampleValidity.Valid));
        Interlocked.Add(ref _abstained, samples.Count(static sample => sample.Validity == SampleValidity.Abstained));
        Interlocked.Add(ref _bad, bad.Count);
    }
}
