using Streaming.Contracts;
using Streaming.Core.Engine.Stages;
using Streaming.Core.Messaging;
using Streaming.Core.Models;

namespace Streaming.Core.Tests.Pipelines;

/// <summary>A document's hold on its model.</summary>
public class InFlightDocumentTests
{
    private static readonly TextMessage Text = new() { Id = "1", Text = "text" };

    [Fact]
    public void ReleaseLease_AfterItsEnd_GivesNothingBackAgain()
    {
        var models = new CountingModels();
        var lease = new SharedLease(models.Acquire());
        var document = Document();
        document.Follow(Text, lease, default);
        document.Abandon();
        document.ReleaseLease();
        Assert.Equal(0, models.GivenBack);
        lease.Release();
        Assert.Equal(1, models.GivenBack);
    }

    /// <summary>
    /// dotnet/runtime issue 133843: for a moment the collector does not see the reference that Interlocked.Exchange returns, and does
    /// not correct it when it moves the object. Where leases were let go of that way this test failed, or took the process with it.
    /// </summary>
    [Fact]
    public async Task Abandon_WhileTheCollectorMovesTheLease_GivesItBackOnce()
    {
        const int Collections = 300;
        var models = new CountingModels();
        var collector = Task.Factory.StartNew(
            static () =>
            {
                for (var i = 0; i < Collections; i++)
                {
                    GC.Collect(0, GCCollectionMode.Forced, blocking: true, compacting: true);
                    Thread.SpinWait(1_000);
                }
            },
            TaskCreationOptions.LongRunning);
        var leases = await Task.Factory.StartNew(
            () =>
            {
                var given = 0L;
                InFlightDocument[] documents = [.. Enumerable.Range(0, 20).Select(static _ => Document())];
                for (; !collector.IsCompleted; given++)
                {
                    var lease = new SharedLease(models.Acquire());
                    foreach (var document in documents)
                        document.Follow(Text, lease, default);
                    lease.Release();
                    foreach (var document in documents)
                        document.Abandon();
                }

                return given;
            },
            TaskCreationOptions.LongRunning);
        await collector;
        Assert.Equal(leases, models.GivenBack);
    }

    private static InFlightDocument Document()
    {
        var partition = new TopicPartition("topic", 0);
        return new InFlightDocument(new SourceMessage { Partition = partition, Offset = 0, Timestamp = default }, new PartitionLane(partition, 1), 0, default);
    }

    private sealed class CountingModels : IModelSource
    {
        private readonly NullEnrichmentModel _model = new();
        private long _givenBack;

        public long GivenBack => Interlocked.Read(ref _givenBack);

        public ModelLease Acquire() => new Lease(this);

        private sealed class Lease(CountingModels source) : ModelLease
        {
            public override IEnrichmentModel Model => source._model;

            public override void Dispose() => Interlocked.Increment(ref source._givenBack);
        }
    }
}
