using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Streaming.Adapters.Sqlite;
using Streaming.Contracts;
using Streaming.Core.Messaging;
using Streaming.Core.Search;

namespace Streaming.Cli.Tests.Running;

/// <summary><c>kill -9</c> in the middle of work: nothing lost, nothing twice, and the same documents as without.</summary>
public sealed class KillTests
{
    private const int Documents = 5_000;
    private const int Kills = 20;
    private const int Seed = 20_260_101;
    private const string Topic = "text.raw";

    private static readonly string[] Words =
    [
        "Vienna", "Maria Gruber", "the breakfast", "was cold", "a wonderful hotel", "in Hamburg", "Contoso", "my account", "please cancel", "the flight", "to Lisbon",
        "is late", "great service", "Angela Merkel", "never again", "United Nations", "the battery", "lasts", "for days", "how do I", "change my pin",
    ];

    [StarterFact]
    public async Task Run_KilledAtRandomPoints_LosesNothingAndMakesTheSameDocuments()
    {
        using var whole = new Binary();
        using var killed = new Binary();
        await FeedAsync(whole.Data);
        // The same log for both, so that message times are the same too.
        Directory.CreateDirectory(killed.Data);
        foreach (var file in Directory.EnumerateFiles(whole.Data))
            File.Copy(file, Path.Combine(killed.Data, Path.GetFileName(file)));

        (await whole.RunAsync("run", Binary.Minimal, "--once")).Ok();

        var random = new Random(Seed);
        var points = Enumerable.Range(0, Kills).Select(_ => random.Next(Documents * 9 / 10)).Order().ToArray();
        var inTheMiddle = 0;
        foreach (var point in points)
        {
            using var process = killed.Start("run", Binary.Minimal, "--once");
            await WaitForAsync(killed.Data, point, process);
            if (!process.HasExited)
                inTheMiddle++;
            process.Kill();
            await process.WaitForExitAsync();
        }

        Assert.Equal(Kills, inTheMiddle);
        var last = (await killed.RunAsync("run", Binary.Minimal, "--once")).Ok();
        Assert.Contains("drained", last.Error, StringComparison.Ordinal);

        var expected = await ReadAsync(whole.Data);
        var actual = await ReadAsync(killed.Data);
        Assert.Equal(Documents, expected.Count);
        Assert.Equal(expected.Keys.Order(StringComparer.Ordinal), actual.Keys.Order(StringComparer.Ordinal));
        Assert.All(expected, pair => Assert.Equal(pair.Value, actual[pair.Key]));
    }

    private static async Task FeedAsync(string data)
    {
        await using var store = await EmbeddedStore.OpenAsync(Path.Combine(data, EmbeddedStore.FileName), null, TimeProvider.System, CancellationToken.None);
        await store.EnsureTopicAsync(Topic, 4, CancellationToken.None);
        await using var producer = store.CreateProducer();
        var random = new Random(Seed);
        for (var first = 0; first < Documents; first += 500)
        {
            var batch = new List<OutgoingMessage>(500);
            for (var i = first; i < first + 500; i++)
            {
                var id = i.ToString("d5", CultureInfo.InvariantCulture);
                var text = string.Join(' ', Enumerable.Range(0, 3 + (i % 4)).Select(_ => Words[random.Next(Words.Length)]));
                var message = new TextMessage { Id = id, Text = text, Source = "test" };
                batch.Add(new() { Key = Encoding.UTF8.GetBytes(id), Value = JsonSerializer.SerializeToUtf8Bytes(message, ContractsJson.Wire.TextMessage) });
            }

            Assert.All(await producer.ProduceAsync(Topic, batch, CancellationToken.None), static r => Assert.True(r.IsStored));
        }
    }

    // Waits until so many documents are done, as another process sees it.
    private static async Task WaitForAsync(string data, int documents, Process process)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        var quick = TimeSpan.FromMilliseconds(15);
        using var timer = new PeriodicTimer(quick);
        await using var store = await EmbeddedStore.OpenAsync(Path.Combine(data, EmbeddedStore.FileName), null, TimeProvider.System, CancellationToken.None);
        // At least one of its own: a kill before the first read would say little.
        var before = await DoneAsync(store);
        while (!process.HasExited && await DoneAsync(store) is var done && (done < documents || done == before) && done < Documents)
            await timer.WaitForNextTickAsync(patience.Token);
    }

    private static async ValueTask<long> DoneAsync(EmbeddedStore store) =>
        (await store.GetStatusAsync(CancellationToken.None)).Sum(static s => s.Outcomes.Total);

    // Every document without the time it was read at, which is a fact of the run.
    private static async Task<Dictionary<string, string>> ReadAsync(string data)
    {
        await using var store = await EmbeddedStore.OpenAsync(Path.Combine(data, EmbeddedStore.FileName), null, TimeProvider.System, CancellationToken.None);
        var status = Assert.Single(await store.GetStatusAsync(CancellationToken.None));
        Assert.Equal((Documents, Documents, 0), (status.Ingested, status.Outcomes.Total, status.Backlog));
        Assert.Equal(Documents, status.Outcomes.Indexed);
        var documents = new Dictionary<string, string>(StringComparer.Ordinal);
        string? after = null;
        do
        {
            var page = await store.Search.SearchAsync(new SearchRequest { Size = 200, FacetSize = 0, After = after }, CancellationToken.None);
            Assert.Equal(Documents, page.Total);
            foreach (var hit in page.Hits)
                documents.Add(hit.Document.Id, JsonSerializer.Serialize(hit.Document with { IngestTime = default }, ContractsJson.Wire.EnrichedDocument));
            after = page.Next;
        }
        while (after is not null);
        return documents;
    }
}
