using System.Text;
using Streaming.Contracts;
using Streaming.Core.Messaging;
using Streaming.Core.Models;
using Streaming.Core.Sinks;

namespace Streaming.Core.Engine;

/// <summary>
/// Measures what an engine itself costs: JSON messages from memory, a model that computes nothing, a sink that keeps nothing,
/// four partitions, with decoding, batching, ordering, acknowledging and committing as in earnest.
/// </summary>
public static class EngineBenchmark
{
    private const int Partitions = 4;
    private const int Warmup = 20_000;

    /// <summary>Runs a warm-up, then the measured documents.</summary>
    public static async Task<EngineBenchmarkResult> RunAsync(
        IPipelineEngine engine, int documents, BatchingOptions batching, TimeProvider time, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(documents, 1);
        await using var model = new NullEnrichmentModel();
        await MeasureAsync(engine, model, Math.Min(documents, Warmup), batching, time, cancellationToken);
        return await MeasureAsync(engine, model, documents, batching, time, cancellationToken);
    }

    private static async Task<EngineBenchmarkResult> MeasureAsync(
        IPipelineEngine engine, NullEnrichmentModel model, int documents, BatchingOptions batching, TimeProvider time, CancellationToken cancellationToken)
    {
        await using var source = new MemorySource(documents, time.GetUtcNow());
        await using var sink = new NullSink();
        var pipeline = new Pipeline
        {
            Topology = "bench",
            Source = source,
            Sink = sink,
            DeadLetters = sink,
            Models = new FixedModelSource(model),
            Batching = batching,
            Time = time,
        };
        var allocated = GC.GetTotalAllocatedBytes();
        var started = time.GetTimestamp();
        await engine.RunAsync(pipeline, CancellationToken.None, cancellationToken);
        var took = time.GetElapsedTime(started);
        if (sink.Written != documents || source.Committed != documents)
            throw new InvalidOperationException($"this is a bug: {sink.Written} written and {source.Committed} committed of {documents}");
        return new EngineBenchmarkResult(
            engine.Name, documents, took.TotalSeconds, documents / took.TotalSeconds, (GC.GetTotalAllocatedBytes() - allocated) / documents);
    }

    /// <summary>The same few texts over and over.</summary>
    private sealed class MemorySource(int documents, DateTimeOffset timestamp) : IMessageSource
    {
        private readonly byte[][] _values =
        [
            .. new[] { 4, 12, 20, 33, 60 }.Select(words => Encoding.UTF8.GetBytes(
                "{\"text\":\"" + string.Join(' ', Enumerable.Repeat("benchmark", words)) + "\",\"source\":\"bench\"}")),
        ];

        private readonly byte[][] _keys = [.. Enumerable.Range(0, 1_000).Select(key => Encoding.UTF8.GetBytes("key-" + key.ToString(System.Globalization.CultureInfo.InvariantCulture)))];
        private readonly long[] _next = new long[Partitions];
        private readonly long[] _committed = new long[Partitions];
        private int _given;

        public long Committed => _committed.Sum();

        public ValueTask StartAsync(IAssignmentListener listener, CancellationToken cancellationToken)
        {
            listener.OnAssigned([.. Enumerable.Range(0, Partitions).Select(number => new PartitionCommit(new TopicPartition("bench", number), 0))], 1);
            return default;
        }

        public ValueTask<IReadOnlyList<SourceMessage>> ReadAsync(int maxMessages, long maxBytes, CancellationToken cancellationToken)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var messages = new SourceMessage[Math.Min(maxMessages, documents - _given)];
            for (var i = 0; i < messages.Length; i++)
            {
                // Runs of one partition, as a broker's fetches are.
                var number = _given++;
                var partition = number / 50 % Partitions;
                messages[i] = new SourceMessage
                {
                    Partition = new TopicPartition("bench", partition),
                    Offset = _next[partition]++,
                    Epoch = 1,
                    Key = _keys[number % _keys.Length],
                    Value = _values[number % _values.Length],
                    Timestamp = timestamp,
                };
            }

            return new ValueTask<IReadOnlyList<SourceMessage>>(messages);
        }

        public ValueTask CommitAsync(IReadOnlyList<PartitionCommit> commits, CancellationToken cancellationToken)
        {
            foreach (var commit in commits)
                _committed[commit.Partition.Partition] = commit.NextOffset;
            return default;
        }

        public ValueTask<SourceLag> GetLagAsync(CancellationToken cancellationToken) => new(new SourceLag(documents - Committed, null));

        public ValueTask DisposeAsync() => default;
    }

    private sealed class NullSink : IDocumentSink, IDeadLetterSink
    {
        public long Written { get; private set; }

        public ValueTask<IReadOnlyList<SinkResult>> WriteAsync(IReadOnlyList<DocumentWrite> writes, CancellationToken cancellationToken)
        {
            Written += writes.Count;
            return new ValueTask<IReadOnlyList<SinkResult>>(new SinkResult[writes.Count]);
        }

        public ValueTask WriteAsync(IReadOnlyList<DeadLetter> letters, CancellationToken cancellationToken) => default;

        public ValueTask DisposeAsync() => default;
    }
}

/// <summary>What a benchmark of an engine found.</summary>
/// <param name="Engine">Name of the engine.</param>
/// <param name="Documents">Documents that went through.</param>
/// <param name="Seconds">How long that took.</param>
/// <param name="DocumentsPerSecond">Their quotient.</param>
/// <param name="AllocatedBytesPerDocument">Managed memory allocated for one, the message and the document included.</param>
public sealed record EngineBenchmarkResult(string Engine, int Documents, double Seconds, double DocumentsPerSecond, long AllocatedBytesPerDocument);
