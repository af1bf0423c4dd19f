using System.Text;
using System.Text.Json;
using Streaming.Adapters.Sqlite.DeadLetters;
using Streaming.Contracts;
using Streaming.Core;
using Streaming.Testing.Faults;

namespace Streaming.Adapters.Sqlite.Tests.Faults;

public sealed class BitFlipTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    [FaultRow(22)]
    public async Task Read_AfterAFlippedBit_IsRightOrRefused()
    {
        using var report = FaultReport.Begin(22);
        var flips = FaultCounts.Of(500, 40);
        using var folder = new StoreFolder();
        await using (var store = await folder.OpenAsync())
        {
            await ChildProgram.AppendAsync(store, "m", 400, 100);
            await ChildProgram.PipeAsync(store, stopAtEnd: true);
        }
        var truth = await AskEverythingAsync(folder);
        Assert.DoesNotContain(truth, answer => answer.StartsWith("refused", StringComparison.Ordinal));
        var good = await File.ReadAllBytesAsync(folder.File);
        var random = new Random(25);
        var refused = 0;
        for (var flip = flips; flip > 0; flip--)
        {
            var bad = (byte[])good.Clone();
            bad[random.Next(bad.Length)] ^= (byte)(1 << random.Next(8));
            File.Delete(folder.File + "-wal");
            File.Delete(folder.File + "-shm");
            await File.WriteAllBytesAsync(folder.File, bad);
            var answers = await AskEverythingAsync(folder);
            for (var i = 0; i < truth.Count; i++)
            {
                var answer = answers[Math.Min(i, answers.Count - 1)];
                if (answer.StartsWith("refused", StringComparison.Ordinal))
                    refused++;
                else
                    Assert.Equal(truth[i], answer);
            }
        }
        Assert.True(refused > 0);
        report.Seen($"{flips} flipped bits, {refused:#,0} questions refused, 0 silent wrong answers");
    }

    /// <summary>What a store says to every kind of question; a single refusal when it does not open.</summary>
    private static async Task<List<string>> AskEverythingAsync(StoreFolder folder)
    {
        var answers = new List<string>();
        EmbeddedStore store;
        try
        {
            store = await folder.OpenAsync();
        }
        catch (StreamingException e)
        {
            Assert.StartsWith("store_", e.Code, StringComparison.Ordinal);
            return ["refused " + e.Code];
        }
        await using (store)
        {
            await Ask(async () =>
            {
                var text = new StringBuilder();
                await foreach (var message in CrashTests.ReadAllAsync(store, ChildProgram.Topic))
                    text.Append(message.Offset).Append(Encoding.UTF8.GetString(message.Value!.Value.Span));
                return text.ToString();
            });
            await Ask(async () => JsonSerializer.Serialize((await store.GetStatusAsync(None)).Select(s => s with { OldestAge = null })));
            await Ask(async () => JsonSerializer.Serialize(await store.ListDeadLettersAsync(new DeadLetterQuery { Size = 1_000 }, None)));
            foreach (var query in new[] { null, "message", "number 5", "-number" })
            {
                await Ask(async () =>
                {
                    var response = await store.Search.SearchAsync(new() { Query = query, Size = 200 }, None);
                    return $"{response.Total} {string.Join(' ', response.Hits.Select(h => h.Document.Id + h.Score))} {JsonSerializer.Serialize(response.Facets)}";
                });
            }
            for (var i = 0; i < 400; i += 7)
            {
                var id = $"m-{i}";
                await Ask(async () => await store.Search.GetAsync(id, None) is { } found ? JsonSerializer.Serialize(found, ContractsJson.Wire.EnrichedDocument) : "none");
            }
        }
        return answers;

        async Task Ask(Func<Task<string>> question)
        {
            try
            {
                answers.Add(await question());
            }
            catch (StreamingException e)
            {
                Assert.Equal("store_damaged", e.Code);
                answers.Add("refused");
            }
        }
    }
}
