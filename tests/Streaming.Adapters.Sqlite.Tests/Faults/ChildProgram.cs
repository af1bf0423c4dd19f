using System.Diagnostics;
using System.Globalization;
using System.Text;
using Streaming.Adapters.Sqlite.Log;
using Streaming.Contracts;
using Streaming.Core;
using Streaming.Core.Engine;
using Streaming.Core.Engine.Channels;
using Streaming.Core.Messaging;
using Streaming.Core.Models;
using Streaming.Core.Models.Crashes;
using Streaming.Core.Sinks;
using Streaming.Testing.Fakes;

namespace Streaming.Adapters.Sqlite.Tests.Faults;

/// <summary>What the tests run in a process of its own: <c>append</c>, <c>pipeline</c>, <c>crash</c>, and by hand <c>bench</c>.</summary>
internal static class ChildProgram
{
    internal const string Topic = "text.raw";
    internal const string Topology = "t";

    private static async Task<int> Main(string[] args)
    {
        try
        {
            return await RunAsync(args);
        }
        catch (StreamingException e)
        {
            await Console.Error.WriteLineAsync($"error {e.Code}: {e.Message}");
            return (int)e.ExitCode;
        }
    }

    private static async Task<int> RunAsync(string[] args)
    {
        await using var store = await EmbeddedStore.OpenAsync(args[1], new EmbeddedStoreOptions { CheckpointBytes = 256 * 1024 }, TimeProvider.System, CancellationToken.None);
        switch (args[0])
        {
            case "append":
                await AppendAsync(store, args[2], int.Parse(args[3], CultureInfo.InvariantCulture), int.Parse(args[4], CultureInfo.InvariantCulture));
                return 0;
            case "pipeline":
                await PipeAsync(store, stopAtEnd: false);
                return 0;
            case "crash":
                await CrashAsync(store, args[2]);
                return 0;
            case "bench":
                await BenchAsync(store, int.Parse(args[2], CultureInfo.InvariantCulture), int.Parse(args[3], CultureInfo.InvariantCulture));
                return 0;
            default:
                return 2;
        }
    }

    /// <summary>Appends named messages; says after each batch how many the disk has.</summary>
    internal static async Task AppendAsync(EmbeddedStore store, string name, int count, int batch)
    {
        var producer = store.CreateProducer();
        for (var done = 0; done < count;)
        {
            var messages = Enumerable.Range(done, Math.Min(batch, count - done)).Select(i => Samples.Message($"message {name} number {i}", $"{name}-{i}")).ToArray();
            await producer.ProduceAsync(Topic, messages, CancellationToken.None);
            done += messages.Length;
            Console.WriteLine(done.ToString(CultureInfo.InvariantCulture));
        }
    }

    /// <summary>Makes a document of every message, and a dead letter of every tenth.</summary>
    internal static async Task PipeAsync(EmbeddedStore store, bool stopAtEnd)
    {
        var sink = store.CreateSink(Topology);
        await using var source = store.CreateSource(new EmbeddedSourceOptions { Group = Topology, Topics = [Topic], StopAtEnd = stopAtEnd });
        await source.StartAsync(new Assignments(), CancellationToken.None);
        while (await source.ReadAsync(20, long.MaxValue, CancellationToken.None) is { Count: > 0 } messages)
        {
            var dead = messages.Where(m => m.Offset % 10 == 9).ToArray();
            var writes = messages.Except(dead).Select(m =>
            {
                var text = Encoding.UTF8.GetString(m.Value!.Value.Span);
                return Samples.Write(Samples.Document(Encoding.UTF8.GetString(m.Key!.Value.Span), text, topic: "x", entities: [new EntityAnnotation("MISC", "message", 0, 7, 1)]), m.Offset + 1);
            }).ToArray();
            await sink.WriteAsync(
                writes,
                _ => new TransactionTail(
                    [.. dead.Select(m => Samples.Letter(m.Offset))],
                    [new PartitionCommit(messages[0].Partition, messages[^1].Offset + 1)],
                    new OutcomeCounts(writes.Length, dead.Length, 0, 0)),
                CancellationToken.None);
            if (!stopAtEnd)
                Console.WriteLine((messages[^1].Offset + 1).ToString(CultureInfo.InvariantCulture));
        }
    }

    /// <summary>Runs what is in the log to its end, with a model that ends the process over one text, and marks beside it.</summary>
    private static async Task CrashAsync(EmbeddedStore store, string folder)
    {
        using var marks = CrashMarks.TryOpen(folder)!;
        await using var model = new DeadlyModel(marks);
        await using var source = store.CreateSource(new EmbeddedSourceOptions { Group = Topology, Topics = [Topic], StopAtEnd = true });
        var sink = store.CreateSink(Topology);
        var pipeline = new Pipeline
        {
            Topology = Topology,
            Source = source,
            Sink = sink,
            DeadLetters = sink,
            Models = new FixedModelSource(model),
            Batching = new BatchingOptions { MaxBatchSize = NativeCrashTests.Batch, MaxConcurrentBatches = NativeCrashTests.Calls },
            Time = TimeProvider.System,
        };
        await new ChannelEngine().RunAsync(pipeline, CancellationToken.None, CancellationToken.None);
    }

    private static async Task BenchAsync(EmbeddedStore store, int count, int batch)
    {
        var random = new Random(1);
        var words = Enumerable.Range(0, 20_000).Select(_ => new string([.. Enumerable.Range(0, random.Next(2, 10)).Select(_ => (char)('a' + random.Next(26)))])).ToArray();
        string Word() => words[(int)(words.Length * Math.Pow(random.NextDouble(), 3))];
        var texts = Enumerable.Range(0, 2_000).Select(_ => string.Join(' ', Enumerable.Range(0, 40).Select(_ => Word()))).ToArray();
        var producer = store.CreateProducer();
        var messages = Enumerable.Range(0, batch).Select(i => Samples.Message(texts[i % texts.Length], $"k{i}")).ToArray();
        var clock = Stopwatch.StartNew();
        for (var done = 0; done < count; done += batch)
            await producer.ProduceAsync(Topic, messages, CancellationToken.None);
        Console.WriteLine($"append: {count / clock.Elapsed.TotalSeconds:f0} messages/s");

        var sink = store.CreateSink(Topology);
        string[] labels = ["positive", "negative", "neutral"];
        clock.Restart();
        var documentsCount = 0;
        for (var done = 0; done < count; done += batch)
        {
            var writes = Enumerable.Range(done, batch).Select(i =>
            {
                var text = texts[i % texts.Length];
                var a = text.IndexOf(' ', StringComparison.Ordinal);
                var b = text.IndexOf(' ', a + 1);
                return Samples.Write(Samples.Document($"document-{i}", text, Samples.Noon.AddSeconds(i), "topic" + i % 10, labels[i % 3], "source" + i % 5,
                    [new("PER", text[..a], 0, a, 0.9), new("LOC", text[(a + 1)..b], a + 1, b, 0.8)], [new(text[..a], 0, a, labels[i % 3], 0.7)]));
            }).ToArray();
            await sink.WriteAsync(writes, _ => new TransactionTail([], [new PartitionCommit(new(Topic, 0), done + batch)], new OutcomeCounts(batch, 0, 0, 0)), CancellationToken.None);
            documentsCount += batch;
        }
        Console.WriteLine($"index: {documentsCount / clock.Elapsed.TotalSeconds:f0} documents/s, wal {new FileInfo(store.Path + "-wal").Length >> 20} MiB, file {new FileInfo(store.Path).Length >> 20} MiB");
        foreach (var request in new Core.Search.SearchRequest[]
        {
            new(), new() { Query = words[3] }, new() { Query = $"{words[0]} {words[1]}" }, new() { Query = $"\"{texts[5][..20].Trim()}\"" },
            new() { Topics = ["topic3"] }, new() { Query = words[0], Topics = ["topic3"], Sentiments = ["positive"] }, new() { Query = words[0] }, new() { Query = "-" + words[0] }, new() { Since = Samples.Noon.AddSeconds(count / 2) },
        })
        {
            await store.Search.SearchAsync(request, CancellationToken.None);
            var response = await store.Search.SearchAsync(request, CancellationToken.None);
            Console.WriteLine($"search {request.Query} {string.Join(',', request.Topics)}: {response.Total} in {response.Took.TotalMilliseconds:f1} ms{(response.IsComplete ? "" : " (incomplete)")}");
        }
        Console.WriteLine($"peak memory: {Process.GetCurrentProcess().PeakWorkingSet64 >> 20} MiB");
    }
}
