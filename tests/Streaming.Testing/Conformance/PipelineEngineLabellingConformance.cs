using System.Globalization;
using Streaming.Contracts;
using Streaming.Core;
using Streaming.Core.Engine;
using Streaming.Core.Labelling;
using Streaming.Testing.Engine;

namespace Streaming.Testing.Conformance;

/// <summary>Labelling is a side of every engine's pipeline: requests leave before their offsets do, and nothing there stops a document.</summary>
public abstract class PipelineEngineLabellingConformance
{
    /// <summary>The engine under test.</summary>
    protected abstract IPipelineEngine CreateEngine();

    [Fact]
    public async Task RunAsync_ChosenDocuments_AreAskedForBeforeTheirOffsetsAreCommitted()
    {
        var world = new PipelineWorld(CreateEngine(), 2);
        world.Append(200);
        var early = 0;
        var asked = new List<LabelRequest>();
        world.Selector = new Every(10);
        world.Requests = new Recording(requests =>
        {
            asked.AddRange(requests);
            early += requests.Count(request => world.Log.Committed((int)request.Priority) > long.Parse(request.ModelVersion, CultureInfo.InvariantCulture));
        });

        await world.RunAsync();

        world.AssertSound();
        Assert.Equal(20, asked.Count);
        Assert.Equal(0, early);
    }

    [Fact]
    public async Task RunAsync_RequestsCannotBePassedOn_DocumentsGoTheirWay()
    {
        var world = new PipelineWorld(CreateEngine());
        world.Append(200);
        var calls = 0;
        world.Selector = new Every(1);
        world.Requests = new Recording(_ =>
        {
            calls++;
            throw new DependencyUnavailableException("away", "The topic is away.");
        });

        await world.RunAsync();

        world.AssertSound();
        Assert.Equal(200, world.Sink.Documents.Count);
        Assert.Equal(1, calls); // and then not again for a while
        Assert.Contains(world.Notices, notice => notice.Code == "label_requests_lost");
    }

    [Fact]
    public async Task RunAsync_SelectorFails_DocumentsGoTheirWay()
    {
        var world = new PipelineWorld(CreateEngine());
        world.Append(50);
        world.Selector = new Every(0);
        world.Requests = new Recording(_ => { });

        await world.RunAsync();

        world.AssertSound();
        Assert.Equal(50, world.Sink.Documents.Count);
        Assert.Single(world.Notices, notice => notice.Code == "label_requests_lost");
    }

    /// <summary>Chooses every so-many-th message; 0 fails.</summary>
    private sealed class Every(int step) : ISampleSelector
    {
        public LabelRequest? Choose(EnrichedDocument document, IReadOnlyList<TaskUncertainty> uncertainty) => document.Lineage.Offset % step != 0 ? null : new LabelRequest
        {
            Id = document.Id, DocumentId = document.Id, Text = document.Text, Tasks = [LabelTask.Topics], Guess = new LabelGuess(), Reasons = [new SelectionReason(SelectionReason.Control)],
            Priority = document.Lineage.Partition, Topology = document.Lineage.Topology, Model = document.Lineage.Model,
            ModelVersion = document.Lineage.Offset.ToString(CultureInfo.InvariantCulture), RequestedAt = document.IngestTime,
        };
    }

    private sealed class Recording(Action<IReadOnlyList<LabelRequest>> heard) : ILabelRequestSink
    {
        public ValueTask WriteAsync(IReadOnlyList<LabelRequest> requests, CancellationToken cancellationToken)
        {
            heard(requests);
            return ValueTask.CompletedTask;
        }
    }
}
