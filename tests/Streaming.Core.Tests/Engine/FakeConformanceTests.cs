using Streaming.Contracts;
using Streaming.Core.Messaging;
using Streaming.Core.Sinks;
using Streaming.Testing.Conformance;
using Streaming.Testing.Engine;
using Streaming.Testing.Fakes;

namespace Streaming.Core.Tests.Pipelines;

// The fakes keep the promises of the ports they stand for.
public class InMemoryProducerTests : MessageProducerConformance
{
    private readonly InMemoryProducer _producer = new();

    protected override string Topic => "topic";

    protected override IMessageProducer CreateProducer() => _producer;

    protected override Task<IReadOnlyList<SourceMessage>> ReadAllAsync(string topic) => Task.FromResult(_producer.Read(topic));
}

public class InMemorySinkTests : DocumentSinkConformance
{
    private readonly InMemorySink _sink = new(new Ledger());

    protected override Task<IDocumentSink> OpenAsync() => Task.FromResult<IDocumentSink>(_sink);

    protected override Task<EnrichedDocument?> FindAsync(string id) => Task.FromResult(_sink.Documents.GetValueOrDefault(id));
}

public class InMemoryDeadLettersTests : DeadLetterSinkConformance
{
    private readonly InMemoryDeadLetters _letters = new(new Ledger());

    protected override Task<IDeadLetterSink> OpenAsync() => Task.FromResult<IDeadLetterSink>(_letters);

    protected override Task<IReadOnlyList<DeadLetter>> ReadAllAsync() => Task.FromResult(_letters.Letters);
}

public class InMemoryTransactionalStoreTests : TransactionalSinkConformance
{
    private readonly InMemoryLog _log = new(2);
    private readonly InMemoryTransactionalStore _store;

    public InMemoryTransactionalStoreTests() => _store = new InMemoryTransactionalStore(_log);

    protected override Task<ITransactionalSink> OpenAsync() => Task.FromResult<ITransactionalSink>(_store);

    protected override TopicPartition Partition(int number) => _log.Partition(number);

    protected override Task<EnrichedDocument?> FindAsync(string id) => Task.FromResult(_store.Documents.GetValueOrDefault(id));

    protected override Task<IReadOnlyList<DeadLetter>> DeadLettersAsync() => Task.FromResult(_store.Letters);

    protected override Task<long> CommittedAsync(int partition) => Task.FromResult(_log.Committed(partition));

    protected override Task<OutcomeCounts> OutcomesAsync() => Task.FromResult(_store.Outcomes);
}
