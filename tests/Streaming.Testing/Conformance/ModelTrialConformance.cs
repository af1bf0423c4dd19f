using Streaming.Contracts;
using Streaming.Core;
using Streaming.Core.Engine;
using Streaming.Core.Labelling;
using Streaming.Core.Models;
using Streaming.Testing.Engine;
using Streaming.Testing.Fakes;

namespace Streaming.Testing.Conformance;

/// <summary>What a candidate that is tried beside the model in force does to a stream: each document has one model's findings and its version.</summary>
public abstract class ModelTrialConformance
{
    private const int Documents = 400;

    /// <summary>The engine under test.</summary>
    protected abstract IPipelineEngine CreateEngine();

    [Fact]
    public async Task RunAsync_Canary_EachDocumentIsOfTheModelThatItsIdSays()
    {
        await using var slot = new ModelSlot(new FakeModel("1"));
        var trial = new FakeTrial { Share = 0.3, IsShadowing = true };
        await slot.TryAsync(static (_, _) => new(new FakeModel("2")), trial, default);
        var world = World(slot);
        // Some are cut into several windows, some are equal: both must stay with their model.
        world.Append(Documents, text: static i => i % 3 == 0 ? "again and again by Someone" : string.Join(' ', Enumerable.Repeat("word" + Make.Number(i), 1 + (i % 40))));

        await world.RunAsync();

        world.AssertSound();
        Assert.Empty(world.Letters.Letters);
        Assert.Equal(Documents, world.Sink.Documents.Count);
        Assert.All(world.Sink.Documents.Values, document => Assert.Equal(trial.Serves(document.Id) ? "2" : "1", document.Lineage.ModelVersion));
        var canaries = world.Sink.Documents.Values.Count(static document => document.Lineage.ModelVersion == "2");
        Assert.InRange(canaries, 1, Documents - 1);
        Assert.Equal((Documents - canaries, canaries), (trial.Served, trial.ServedByCandidate));
        Assert.Empty(trial.Failures);
        await slot.WithdrawAsync(default);
        await PipelineWorld.UntilAsync(() => slot.AliveVersions == 1);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task RunAsync_CandidateFailsOnEverything_CostsNoDocument(bool coded)
    {
        await using var slot = new ModelSlot(new FakeModel("1"));
        var bad = new FakeModel("2") { BeforeRun = (_, _) => throw (coded ? new StreamingException("session_failed", "always") : new ArithmeticException("always")) };
        var trial = new FakeTrial { Share = 0.5, IsShadowing = true };
        await slot.TryAsync((_, _) => new(bad), trial, default);
        var world = World(slot);
        world.Append(Documents, text: static i => i % 2 == 0 ? "text number " + Make.Number(i) : "the same of Someone");

        await world.RunAsync();

        world.AssertSound();
        Assert.Empty(world.Letters.Letters);
        Assert.Equal(Documents, world.Sink.Documents.Count);
        Assert.All(world.Sink.Documents.Values, static document => Assert.Equal("1", document.Lineage.ModelVersion));
        Assert.Equal((Documents, 0), (trial.Served, trial.ServedByCandidate));
        Assert.All(trial.Failures, code => Assert.Equal(coded ? "session_failed" : nameof(ArithmeticException), code));
        Assert.NotEmpty(trial.Failures);
        await slot.WithdrawAsync(default);
        await PipelineWorld.UntilAsync(() => bad.IsDisposed);
    }

    [Fact]
    public async Task RunAsync_CandidateFailsOnSomeTexts_OnlyTheseFallBack()
    {
        await using var slot = new ModelSlot(new FakeModel("1"));
        var trial = new FakeTrial { Share = 1 };
        await slot.TryAsync(static (_, _) => new(new PickyModel("2")), trial, default);
        var world = World(slot);
        world.Append(Documents, text: static i => (i % 10) switch { 0 => "UNLIKED " + Make.Number(i), 1 => "INCOMPLETE " + Make.Number(i), _ => "text " + Make.Number(i) });

        await world.RunAsync();

        world.AssertSound();
        Assert.Empty(world.Letters.Letters);
        Assert.All(world.Sink.Documents.Values, static document =>
            Assert.Equal(document.Text.StartsWith("text", StringComparison.Ordinal) ? "2" : "1", document.Lineage.ModelVersion));
        Assert.Equal(Documents / 5, trial.Failures.Count);
    }

    [Fact]
    public async Task RunAsync_TextIsBad_IsDeadLetteredWhicheverModelHasIt()
    {
        await using var slot = new ModelSlot(new FakeModel("1"));
        await slot.TryAsync(static (_, _) => new(new FakeModel("2")), new FakeTrial { Share = 0.5, IsShadowing = true }, default);
        var world = World(slot);
        world.Append(Documents, text: static i => i % 20 == 0 ? Make.Number(i) + " " + FakeModel.Poison : "text " + Make.Number(i));

        await world.RunAsync();

        world.AssertSound();
        Assert.Equal(Documents / 20, world.Letters.Letters.Count);
        Assert.Equal(Documents - (Documents / 20), world.Sink.Documents.Count);
    }

    [Fact]
    public async Task RunAsync_Shadow_IsComparedAndReachesTheSelectorButNotTheIndex()
    {
        await using var slot = new ModelSlot(new FakeModel("1"));
        var candidate = new FakeModel("2");
        var trial = new FakeTrial
        {
            IsShadowing = true,
            Compare = static (inForce, _) => inForce with { Uncertainty = [new TaskUncertainty { Task = LabelTask.Entities, LeastConfidence = 0, Margin = 0, Entropy = 0, Disagreement = 0.75 }] },
        };
        await slot.TryAsync((_, _) => new(candidate), trial, default);
        var selector = new SelectorThatNotes();
        var world = World(slot);
        world.Selector = selector;
        world.Append(Documents);

        await world.RunAsync();

        world.AssertSound();
        Assert.Equal(Documents, world.Sink.Documents.Count);
        Assert.All(world.Sink.Documents.Values, static document => Assert.Equal("1", document.Lineage.ModelVersion));
        Assert.Equal(Documents, trial.ComparedDocuments);
        Assert.Equal((Documents, 0), (trial.Served, trial.ServedByCandidate));
        Assert.True(candidate.Batches > 0 && trial.TimedBatches == candidate.Batches);
        Assert.Equal(Documents, selector.Disagreeing);
    }

    [Fact]
    public async Task RunAsync_CandidatesComeAndGoUnderLoad_NothingFailsNothingMixes()
    {
        const int Rounds = 60;
        var models = new List<FakeModel> { new("1") };
        await using var slot = new ModelSlot(models[0]);
        var world = World(slot);
        await using var source = world.Log.Consume(endsAtEnd: false);
        using var drain = new CancellationTokenSource();
        var fed = 0;
        var run = world.StartAsync(source, drain.Token, default);
        for (var round = 0; round < Rounds; round++)
        {
            var before = fed;
            for (var i = 0; i < 20; i++, fed++)
                world.Log.Append($"text number {Make.Number(fed)} of Someone is good", "key-" + Make.Number(fed), fed % world.Log.Partitions);
            var next = new FakeModel((round + 2).ToString(System.Globalization.CultureInfo.InvariantCulture));
            models.Add(next);
            await slot.TryAsync((_, _) => new(next), new FakeTrial { Share = 0.5, IsShadowing = true }, default).AsTask().WaitAsync(PipelineWorld.Patience);
            await PipelineWorld.UntilAsync(() => world.Progress.Snapshot().Outcomes.Total > before || run.IsCompleted);
            // Rolled back, taken, moved to the next stage, or left where it is for the next to replace.
            if (round % 4 == 0)
                await slot.WithdrawAsync(default);
            else if (round % 4 == 1)
                await slot.AdoptAsync(default);
            else if (round % 4 == 2)
                await slot.ReviseAsync(new FakeTrial { Share = 1 }, default);
        }

        await PipelineWorld.UntilAsync(() => world.Progress.Snapshot().Outcomes.Total >= fed || run.IsCompleted);
        await drain.CancelAsync();
        await run.WaitAsync(PipelineWorld.Patience);

        world.AssertSound();
        Assert.Empty(world.Letters.Letters);
        Assert.Equal(fed, world.Sink.Documents.Count);
        await slot.WithdrawAsync(default);
        await PipelineWorld.UntilAsync(() => slot.AliveVersions == 1);
        Assert.Equal(1, models.Count(static model => !model.IsDisposed));
    }

    private PipelineWorld World(ModelSlot slot) => new(CreateEngine(), partitions: 3) { ModelSource = slot };

    /// <summary>A model that cannot take some texts at all, and not end others.</summary>
    private sealed class PickyModel(string version) : IEnrichmentModel
    {
        private readonly FakeModel _inner = new(version);
        private readonly System.Runtime.CompilerServices.ConditionalWeakTable<PreparedDocument, string> _texts = [];

        public ModelIdentity Identity => _inner.Identity;

        public IModelRunner Runner => _inner;

        public StageOutcome<PreparedDocument> Prepare(TextMessage message)
        {
            if (message.Text.StartsWith("UNLIKED", StringComparison.Ordinal))
                return new StageFailure("prepare", "unliked", "not this one");
            var prepared = _inner.Prepare(message);
            _texts.Add(prepared.Value!, message.Text);
            return prepared;
        }

        public void Accept(PreparedDocument document, int window, EncoderOutput output, int row) => _inner.Accept(document, window, output, row);

        public Annotations Complete(PreparedDocument document) =>
            _texts.TryGetValue(document, out var text) && text.StartsWith("INCOMPLETE", StringComparison.Ordinal) ? throw new ArithmeticException("not to the end") : _inner.Complete(document);

        public ValueTask DisposeAsync() => _inner.DisposeAsync();
    }

    private sealed class SelectorThatNotes : ISampleSelector
    {
        private int _disagreeing;

        public int Disagreeing => _disagreeing;

        public LabelRequest? Choose(EnrichedDocument document, IReadOnlyList<TaskUncertainty> uncertainty)
        {
            if (uncertainty is [{ Disagreement: 0.75 }])
                Interlocked.Increment(ref _disagreeing);
            return null;
        }
    }
}
