using System.Text.Json;
using Streaming.Core;
using Streaming.Core.Messaging;

namespace Streaming.Cli.Demo;

/// <summary>The shipped sample of openly licensed texts, one JSON message a line.</summary>
internal static class DemoSample
{
    /// <summary>Where it lies below the home folder.</summary>
    public const string RelativePath = "topologies/samples/first-light.jsonl";

    private const int Batch = 250;

    /// <summary>Appends every message under its id as key, so that feeding twice makes no second document.</summary>
    /// <returns>How many there are.</returns>
    public static async Task<int> FeedAsync(string home, IMessageProducer producer, string topic, Action<int> fed, CancellationToken cancellationToken)
    {
        var path = PathOf(home);
        var batch = new List<OutgoingMessage>(Batch);
        var count = 0;
        await foreach (var line in File.ReadLinesAsync(path, cancellationToken))
        {
            if (line.Length == 0)
                continue;
            batch.Add(new OutgoingMessage { Key = KeyOf(line), Value = System.Text.Encoding.UTF8.GetBytes(line) });
            if (batch.Count == Batch)
                await FlushAsync();
        }

        await FlushAsync();
        return count;

        async ValueTask FlushAsync()
        {
            if (batch.Count == 0)
                return;
            var results = await producer.ProduceAsync(topic, batch, cancellationToken);
            foreach (var result in results)
            {
                if (!result.IsStored)
                    throw new StreamingException("sample_refused", $"the log refused a text of the demo: {result.Error}");
            }

            count += batch.Count;
            batch.Clear();
            fed(count);
        }
    }

    /// <summary>Ids in their order.</summary>
    public static IReadOnlyList<string> Ids(string home) => [.. File.ReadLines(PathOf(home)).Where(static line => line.Length > 0).Select(IdOf)];

    private static string PathOf(string home)
    {
        var path = Path.Combine(home, RelativePath);
        return File.Exists(path) ? path : throw new StreamingException("sample_missing", $"the demo's texts are not at {path}; is the clone whole?");
    }

    private static byte[] KeyOf(string line) => System.Text.Encoding.UTF8.GetBytes(IdOf(line));

    private static string IdOf(string line)
    {
        using var parsed = JsonDocument.Parse(line);
        return parsed.RootElement.GetProperty("id").GetString()!;
    }
}
