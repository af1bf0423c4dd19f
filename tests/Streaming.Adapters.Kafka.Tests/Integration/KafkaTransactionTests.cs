using System.Text;
using System.Text.Json;
using Streaming.Contracts;
using Streaming.Core;
using Streaming.Core.Engine;
using Streaming.Core.Engine.Channels;
using Streaming.Core.Messaging;
using Streaming.Core.Sinks;
using Streaming.Testing.Fakes;
using Streaming.Testing.Servers;

namespace Streaming.Adapters.Kafka.Tests.Integration;

/// <summary>From topic to topic exactly once, as a reader of committed records sees it.</summary>
[Collection(KafkaCollection.Name)]
[Trait("Category", "Integration")]
public sealed class KafkaTransactionTests(KafkaServer server) : IAsyncLifetime
{
    private const int Partitions = 3;
    private readonly KafkaBench _bench = new(server);
    private readonly string _group = KafkaBench.Name("tx");
    private string _input = "", _output = "", _letters = "";
    private int _written;

    public async Task InitializeAsync()
    {
        if (IntegrationSkip.Reason("kafka") is not null)
            return;
        _input = await _bench.TopicAsync(Partitions);
        _output = await _bench.TopicAsync(Partitions, ("max.message.bytes", "50000"));
        _letters = await _bench.TopicAsync(1, ("max.message.bytes", "50000"));
    }

    public Task DisposeAsync() => Task.CompletedTask;

    [IntegrationFact("kafka")]
    public async Task Run_KillsAbortsAndMembersThatComeAndGo_EachDocumentOnce()
    {
        const int Rounds = 5;
        for (var round = 0; round < Rounds; round++)
        {
            await AppendAsync(800);
            var one = Start(abortEvery: 7);
            var other = Start(abortEvery: 5);
            await KafkaBench.UntilAsync(() => one.Source.AssignedPartitions > 0 && other.Source.AssignedPartitions > 0 || one.Task.IsCompleted);
            await KafkaBench.UntilAsync(() => Indexed(one) + Indexed(other) > 200 || one.Task.IsCompleted || other.Task.IsCompleted);
            await one.KillAsync();
            var before = Indexed(other);
            await AppendAsync(100);
            var third = Start();
            await KafkaBench.UntilAsync(() => Indexed(other) + Indexed(third) > before + 50 || other.Task.IsCompleted || third.Task.IsCompleted);
            await third.StopAsync();
            await other.KillAsync();
        }

        var last = Start();
        await UntilCommittedAsync();
        await last.StopAsync();
        await AssertEachOnceAsync();
    }

    [IntegrationFact("kafka")]
    public async Task Run_BadAndTooLarge_LieInDeadLettersOnceEach()
    {
        await AppendAsync(500, i => i % 100 == 5 ? "{\"text\": " : i % 100 == 6 ? Convert.ToBase64String(System.Security.Cryptography.RandomNumberGenerator.GetBytes(90_000)) : null);
        var run = Start(abortEvery: 23);
        await UntilCommittedAsync();
        await run.StopAsync();
        var documents = await CommittedRecordsAsync(_output);
        var letters = (await CommittedRecordsAsync(_letters)).ConvertAll(record => DeadLetterHeaders.FromRecord(record, out _)!);
        Assert.Equal(490, documents.Count);
        Assert.Equal(10, letters.Select(DeadLetterHeaders.IdOf).Distinct().Count());
        Assert.Equal(10, letters.Count);
        Assert.Equal(5, letters.Count(letter => letter.Code == ErrorCodes.SinkRejected));
    }

    [IntegrationFact("kafka")]
    public async Task WriteAsync_TailThrows_NothingIsSeenAndTheSinkIsStillOfUse()
    {
        await AppendAsync(1);
        await using var source = new KafkaMessageSource(_bench.Options(_input, _group));
        await source.StartAsync(new RecordingListener(), default);
        var message = Assert.Single(await KafkaBench.ReadAsync(source, 1));
        await using var sink = Sink(source);
        await Assert.ThrowsAsync<TimeZoneNotFoundException>(async () => await sink.WriteAsync([Put("a", 1)], _ => throw new TimeZoneNotFoundException(), default));
        Assert.Equal(0, await _bench.CommittedAsync(_group, _input));
        await sink.WriteAsync([Put("b", 1)], _ => new TransactionTail([], [new(message.Partition, message.Offset + 1)], default), default);
        Assert.Equal("b", Encoding.UTF8.GetString(Assert.Single(await CommittedRecordsAsync(_output)).Key!.Value.Span));
        Assert.Equal(1, await _bench.CommittedAsync(_group, _input));
        Assert.Equal(0, (await source.GetLagAsync(default)).Messages);
    }

    [IntegrationFact("kafka")]
    public async Task WriteAsync_MembershipThatIsOver_StoresNothing()
    {
        await AppendAsync(30);
        var source = new KafkaMessageSource(_bench.Options(_input, _group, ("group.instance.id", "twin")));
        await using var first = source;
        await source.StartAsync(new RecordingListener(), default);
        var commits = KafkaBench.Ends(await KafkaBench.ReadAsync(source, 30));
        await using var sink = Sink(source, seconds: 600);
        var fenced = await Assert.ThrowsAsync<DependencyUnavailableException>(async () => await sink.WriteAsync(
            [Put("stale", 1)],
            _ =>
            {
                // While this one writes, another takes its place in the group: the offsets are no longer its own to commit.
                var successor = new KafkaMessageSource(_bench.Options(_input, _group, ("group.instance.id", "twin")));
                successor.StartAsync(new RecordingListener(), default).AsTask().GetAwaiter().GetResult();
                KafkaBench.UntilAsync(() => successor.AssignedPartitions == Partitions).GetAwaiter().GetResult();
                successor.DisposeAsync().AsTask().GetAwaiter().GetResult();
                return new TransactionTail([], commits, default);
            },
            default));
        Assert.Equal("kafka_group_moved_on", fenced.Code);
        Assert.Equal(0, await _bench.CommittedAsync(_group, _input));
        Assert.Empty(await CommittedRecordsAsync(_output));
    }

    [IntegrationFact("kafka")]
    public async Task WriteAsync_PlainSink_KeepsKeyHeadersAndDeletes()
    {
        await using var producer = _bench.Producer();
        await using var sink = new KafkaDocumentSink(producer, _output);
        var results = await sink.WriteAsync(
            [
                new DocumentWrite { Id = "a", Version = 1, Document = Put("a", 1).Document, Headers = [new("traceparent", [1, 2])] },
                new DocumentWrite { Id = "b", Version = 1 },
            ],
            default);
        Assert.All(results, result => Assert.Equal(SinkStatus.Applied, result.Status));
        var records = (await CommittedRecordsAsync(_output)).ToDictionary(record => Encoding.UTF8.GetString(record.Key!.Value.Span));
        Assert.Equal("traceparent", Assert.Single(records["a"].Headers).Name);
        Assert.Null(records["b"].Value);
    }

    private static DocumentWrite Put(string id, long version) => new() { Id = id, Version = version, Document = Make.Document(id, "text") };

    private static int Indexed(EngineRun run) => (int)run.Progress.Snapshot().Outcomes.Indexed;

    // A slow broker is waited for. What a process that is killed leaves open holds up its successor for so long.
    private KafkaTransactionalSink Sink(KafkaMessageSource source, int seconds = 40) => new(source, new KafkaTransactionOptions
    {
        Client = new Dictionary<string, string>(_bench.Client) { ["transaction.timeout.ms"] = $"{seconds * 1_000}" },
        StepTimeout = TimeSpan.FromSeconds(120),
        Group = _group,
        Topic = _output,
        DeadLetterTopic = _letters,
    });

    private EngineRun Start(int abortEvery = 0)
    {
        var source = new KafkaMessageSource(_bench.Options(_input, _group, ("session.timeout.ms", "30000")));
        ITransactionalSink sink = Sink(source);
        if (abortEvery > 0)
            sink = new AbortsNowAndThen(sink, abortEvery);
        var run = new EngineRun(source);
        var pipeline = new Pipeline
        {
            Topology = "test",
            Source = source,
            Sink = sink,
            DeadLetters = sink,
            Models = new FakeModelSource(new FakeModel()),
            Batching = new BatchingOptions { MaxBatchTokens = 512, MaxQueueSize = 100, MaxConcurrentBatches = 2, MaxQueueDelay = TimeSpan.FromMilliseconds(5) },
            Delivery = new DeliveryOptions { MaxWriteSize = 50, LagInterval = TimeSpan.Zero, RetryDelay = TimeSpan.FromMilliseconds(10) },
            Progress = run.Progress,
        };
        run.Task = RunAsync();
        return run;

        async Task RunAsync()
        {
            try
            {
                await new ChannelEngine().RunAsync(pipeline, run.Drain.Token, run.Abort.Token);
            }
            catch (StreamingException lost) when (lost.Code == "assignment_lost")
            {
                // It would be started again from what is committed; here that is somebody else's turn.
            }
            finally
            {
                await sink.DisposeAsync();
            }
        }
    }

    private async Task AppendAsync(int count, Func<int, string?>? text = null)
    {
        await using var producer = _bench.Producer();
        var messages = Enumerable.Range(_written, count).Select(i => new OutgoingMessage
        {
            Key = Encoding.UTF8.GetBytes("key-" + i),
            Value = Encoding.UTF8.GetBytes(text?.Invoke(i) ?? $"text number {i} of Someone is good"),
        }).ToList();
        Assert.All(await producer.ProduceAsync(_input, messages, KafkaBench.Limit()), result => Assert.True(result.IsStored, result.Error));
        _written += count;
    }

    private async Task UntilCommittedAsync()
    {
        var limit = KafkaBench.Limit();
        while (await _bench.CommittedAsync(_group, _input) < _written)
            await Task.Delay(200, limit);
    }

    private async Task AssertEachOnceAsync()
    {
        var ids = (await CommittedRecordsAsync(_output)).ConvertAll(record => JsonSerializer.Deserialize(record.Value!.Value.Span, ContractsJson.Wire.EnrichedDocument)!.Id);
        Assert.Equal(_written, ids.Distinct().Count());
        Assert.Equal(_written, ids.Count);
    }

    /// <summary>Everything a reader of committed records sees, to the end.</summary>
    private async Task<List<SourceMessage>> CommittedRecordsAsync(string topic)
    {
        await using var admin = new KafkaAdmin(_bench.Client);
        var ends = (await admin.DescribeLagAsync(KafkaBench.Name("none"), [topic], KafkaBench.Limit())).Where(lag => lag.End > 0).ToDictionary(lag => lag.Partition, lag => lag.End);
        using var consumer = new Confluent.Kafka.ConsumerBuilder<byte[], byte[]>(new Dictionary<string, string>(_bench.Client)
        {
            ["group.id"] = KafkaBench.Name("reader"), ["isolation.level"] = "read_committed", ["enable.partition.eof"] = "true", ["enable.auto.commit"] = "false",
        }).Build();
        consumer.Assign(ends.Keys.Select(partition => new Confluent.Kafka.TopicPartitionOffset(topic, partition, 0)));
        var records = new List<SourceMessage>();
        var limit = KafkaBench.Limit();
        while (ends.Count > 0)
        {
            var result = consumer.Consume(limit);
            if (result.IsPartitionEOF)
            {
                // The end of what is committed; an open transaction before it would hold it back for good.
                if (result.Offset.Value >= ends.GetValueOrDefault(result.Partition.Value, 0))
                    ends.Remove(result.Partition.Value);
                continue;
            }

            records.Add(new SourceMessage
            {
                Partition = new TopicPartition(topic, result.Partition.Value),
                Offset = result.Offset.Value,
                Key = result.Message.Key,
                Value = result.Message.Value is null ? (ReadOnlyMemory<byte>?)null : result.Message.Value,
                Headers = [.. result.Message.Headers.Select(header => new MessageHeader(header.Key, header.GetValueBytes()))],
                Timestamp = DateTimeOffset.UnixEpoch,
            });
        }

        consumer.Close();
        return records;
    }

    /// <summary>Lets the broker's side fail in the middle of every n-th transaction.</summary>
    private sealed class AbortsNowAndThen(ITransactionalSink inner, int every) : ITransactionalSink
    {
        private int _calls;

        public ValueTask WriteAsync(IReadOnlyList<DocumentWrite> writes, Func<IReadOnlyList<SinkResult>, TransactionTail> complete, CancellationToken cancellationToken) =>
            inner.WriteAsync(
                writes,
                results =>
                {
                    var tail = complete(results);
                    return ++_calls % every == 0 ? throw new DependencyUnavailableException("made_up", "made up") : tail;
                },
                cancellationToken);

        public ValueTask<IReadOnlyList<SinkResult>> WriteAsync(IReadOnlyList<DocumentWrite> writes, CancellationToken cancellationToken) => inner.WriteAsync(writes, cancellationToken);

        public ValueTask WriteAsync(IReadOnlyList<DeadLetter> letters, CancellationToken cancellationToken) => inner.WriteAsync(letters, cancellationToken);

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
