using System.Text;
using System.Text.Json;
using Streaming.Contracts;
using Streaming.Core;
using Streaming.Core.Messaging;

namespace Streaming.Cli.Demo;

/// <summary>Feeds the learning demo: its own texts and those of the first demo in turn, a few a second, so that models are swapped while texts flow.</summary>
internal sealed class LearnDemoFeed(IMessageProducer producer, string topic, TimeProvider time)
{
    private const int Batch = 10;

    /// <summary>Messages appended so far.</summary>
    public int Fed { get; private set; }

    /// <summary>Feeds every text once.</summary>
    /// <param name="learning">Texts with labels (the labels are left out), JSON lines.</param>
    /// <param name="others">Texts without, JSON lines.</param>
    /// <param name="perSecond">How many a second.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task RunAsync(string learning, string others, int perSecond, CancellationToken cancellationToken)
    {
        var messages = Interleaved([.. File.ReadLines(learning)], [.. File.ReadLines(others)]).ToList();
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds((double)Batch / perSecond), time);
        foreach (var batch in messages.Chunk(Batch))
        {
            var results = await producer.ProduceAsync(topic, batch, cancellationToken);
            if (results.FirstOrDefault(static result => !result.IsStored) is { Error: { } error })
                throw new StreamingException("sample_refused", $"the log refused a text of the demo: {error}");
            Fed += batch.Length;
            await timer.WaitForNextTickAsync(cancellationToken);
        }
    }

    private static IEnumerable<OutgoingMessage> Interleaved(string[] learning, string[] others)
    {
        var most = Math.Max(learning.Length, others.Length);
        for (var i = 0; i < most; i++)
        {
            if (i < learning.Length)
                yield return Message(learning[i], "wikipedia");
            if (i < others.Length)
                yield return Message(others[i], null);
        }
    }

    private static OutgoingMessage Message(string line, string? source)
    {
        using var parsed = JsonDocument.Parse(line);
        var id = parsed.RootElement.GetProperty("id").GetString()!;
        var message = new TextMessage
        {
            Id = id,
            Text = parsed.RootElement.GetProperty("text").GetString()!,
            Source = source ?? parsed.RootElement.GetProperty("source").GetString(),
        };
        return new OutgoingMessage { Key = Encoding.UTF8.GetBytes(id), Value = JsonSerializer.SerializeToUtf8Bytes(message, ContractsJson.Wire.TextMessage) };
    }
}
