using Streaming.Contracts;
using Streaming.Core.Engine;
using Streaming.Core.Models;

namespace Streaming.Server.Tests.Fakes;

/// <summary>Calls every capitalised word an entity; one window for every ten words.</summary>
internal sealed class FakeModel : IEnrichmentModel, IModelSource
{
    public ModelIdentity Identity { get; } = new("fake", "7", new Dictionary<string, string>());

    public IModelRunner Runner { get; } = new FakeRunner();

    public StageOutcome<PreparedDocument> Prepare(TextMessage message)
    {
        if (message.Text.Contains("unprocessable", StringComparison.Ordinal))
            return new StageFailure("prepare", ErrorCodes.ModelFailed, "the model cannot take this text");
        var words = message.Text.Split(' ').Length;
        return new Prepared(message.Text, [.. Enumerable.Range(0, (words + 9) / 10).Select(i => new TokenSequence(new int[12]))]);
    }

    public void Accept(PreparedDocument document, int window, EncoderOutput output, int row) => ((Prepared)document).Accepted.Add(window);

    public Annotations Complete(PreparedDocument document)
    {
        var prepared = (Prepared)document;
        Assert.Equal(Enumerable.Range(0, prepared.Windows.Count), prepared.Accepted.Order());
        var entities = new List<EntityAnnotation>();
        var start = 0;
        foreach (var word in prepared.Text.Split(' '))
        {
            if (word.Length > 0 && char.IsUpper(word[0]))
                entities.Add(new("MISC", word, start, start + word.Length, 0.5));
            start += word.Length + 1;
        }

        return new() { Entities = entities, Sentiment = new("positive", 0.9, [new("positive", 0.9), new("negative", 0.1)]) };
    }

    public ModelLease Acquire() => new Lease(this);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private sealed class Prepared(string text, IReadOnlyList<TokenSequence> windows) : PreparedDocument
    {
        public string Text { get; } = text;

        public HashSet<int> Accepted { get; } = [];

        public override IReadOnlyList<TokenSequence> Windows { get; } = windows;
    }

    private sealed class Lease(FakeModel model) : ModelLease
    {
        public override IEnrichmentModel Model => model;

        public override void Dispose()
        {
        }
    }

    private sealed class FakeRunner : IModelRunner
    {
        public EncoderInfo Info { get; } = new(4, [1], 64, "cpu");

        public ValueTask<EncoderOutput> RunAsync(IReadOnlyList<TokenSequence> batch, CancellationToken cancellationToken) =>
            ValueTask.FromResult<EncoderOutput>(new Output());

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    private sealed class Output : EncoderOutput
    {
        public override int PaddedLength => 12;

        public override ReadOnlySpan<float> Hidden(int layer, int row) => [];

        public override void Dispose()
        {
        }
    }
}
