using Streaming.Adapters.Sqlite;
using Streaming.Contracts;
using Streaming.Core;
using Streaming.Core.Labelling;
using Streaming.Learning;
using Streaming.Learning.Labelling;
using Streaming.Testing.Conformance;
using Streaming.Testing.Faults;

namespace Streaming.Adapters.Llm.Tests;

/// <summary>What an honest endpoint puts on the bill never exceeds a cap, wherever the process dies.</summary>
public sealed class CostCapTests
{
    [Fact]
    [FaultRow(28)]
    public async Task LabelAsync_RandomisedRunsWithCrashes_NeverExceedTheCaps()
    {
        var folder = Directory.CreateTempSubdirectory("streaming-cap-").FullName;
        using var report = FaultReport.Begin(28);

        // All thousand with STREAMING_FAULTS=full: each write waits for the disk.
        var runs = FaultCounts.Of(1_000, 150);
        int crashes = 0, answered = 0, capped = 0;
        try
        {
            var store = await EmbeddedStore.OpenAsync(Path.Combine(folder, "s.db"), null, TimeProvider.System, CancellationToken.None);
            for (var run = 0; run < runs; run++)
            {
                // Each run is a topology of its own with a day of its own: the caps are counted from what was spent before it.
                var random = new SeededRandom((ulong)run);
                var bill = new Bill(random);
                var before = await store.Spending.SpentTodayAsync(CancellationToken.None);
                var caps = new SpendCaps(before + 0.01 + random.NextDouble() * 0.05, 0.004 + random.NextDouble() * 0.02);
                for (var life = 0; life < 3; life++)
                {
                    var options = new LlmLabellerOptions
                    {
                        Labels = new Dictionary<LabelTask, IReadOnlyList<string>> { [LabelTask.Entities] = ["PER"] },
                        InputPrice = 1, OutputPrice = 4, Caps = caps, Votes = 1 + random.Next(3), MaxOutputTokens = 64 + random.Next(500), RequestsPerMinute = 100_000, MaxAttempts = 1,
                    };
                    using var labeller = new LlmLabeller(bill, LlmWorld.Prompt(), options, store.Spending, null, null, TimeProvider.System);
                    try
                    {
                        await Parallel.ForAsync(0, 6, new ParallelOptions { MaxDegreeOfParallelism = 3 }, async (i, token) =>
                        {
                            try
                            {
                                var sample = (await labeller.LabelAsync(SampleStoreConformance.Request($"{run}-{i % 4}", text: $"Anna {i % 4}"), token))[0];
                                Interlocked.Increment(ref sample.Reason == "document_cap" ? ref capped : ref answered);
                            }
                            catch (DependencyUnavailableException)
                            {
                                Interlocked.Increment(ref capped);
                            }
                        });
                    }
                    catch (Crash)
                    {
                        crashes++;
                        if (crashes % 50 == 0)
                        {
                            await store.DisposeAsync();
                            store = await EmbeddedStore.OpenAsync(Path.Combine(folder, "s.db"), null, TimeProvider.System, CancellationToken.None);
                        }
                    }
                }

                Assert.True(before + bill.Total <= caps.PerDay + 1e-9, $"run {run}: {before + bill.Total} of {caps.PerDay}");
                Assert.All(bill.Documents, document => Assert.True(document.Value <= caps.PerDocument + 1e-9, $"run {run}, {document.Key}: {document.Value} of {caps.PerDocument}"));
            }

            await store.DisposeAsync();
            Assert.True(crashes > runs / 2 && answered > runs && capped > runs, $"{crashes} crashes, {answered} answered, {capped} capped");
            report.Seen($"cost caps: {runs} runs, {crashes} crashes, 0 over the cap");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>The process dies here: nothing after it runs.</summary>
    private sealed class Crash : Exception;

    /// <summary>An endpoint that bills what it used, and a process that dies before, during and after calls.</summary>
    private sealed class Bill(SeededRandom random) : IChatModel
    {
        private readonly Lock _lock = new();

        public double Total { get; private set; }

        public Dictionary<string, double> Documents { get; } = [];

        public string Name => "bill";

        public ValueTask<ChatReply> CompleteAsync(ChatRequest request, CancellationToken cancellationToken)
        {
            lock (_lock)
            {
                var fate = random.Next(40);
                if (fate == 0)
                    throw new Crash();
                var text = request.Messages[1].Text;
                var input = request.Messages.Sum(message => message.Text.Length) / (1 + random.Next(4));
                var output = 1 + random.Next(request.MaxOutputTokens);
                var cost = (input * 1 + output * 4) / 1e6;
                Total += cost;
                var document = text[text.LastIndexOf("Anna ", StringComparison.Ordinal)..].Split('\n')[0];
                Documents[document] = Documents.GetValueOrDefault(document) + cost;
                if (fate == 1)
                    throw new Crash();
                if (fate < 5)
                    throw new ChatCallException("llm_unavailable", "away", ChatFailure.Transient, mayHaveCost: true);
                return ValueTask.FromResult(fate < 8 ? new ChatReply("not JSON", input, output, false) : fate < 10 ? new ChatReply("{}", null, null, false) : new ChatReply("{}", input, output, false));
            }
        }
    }
}
