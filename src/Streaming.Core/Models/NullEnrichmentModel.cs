using Streaming.Contracts;
using Streaming.Core.Engine;

namespace Streaming.Core.Models;

/// <summary>A model that finds nothing and costs nothing: what is left in a measurement is the pipeline itself.</summary>
public sealed class NullEnrichmentModel : IEnrichmentModel, IModelRunner
{
    private const int MaxLength = 512;
    private const int CharactersPerToken = 4;

    private static readonly int[] Ids = new int[MaxLength];
    private static readonly NullOutput Output = new();

    /// <inheritdoc/>
    public ModelIdentity Identity { get; } = new("null", "0", new Dictionary<string, string>());

    /// <inheritdoc/>
    public IModelRunner Runner => this;

    /// <inheritdoc/>
    public EncoderInfo Info { get; } = new(1, [], MaxLength, "cpu");

    /// <summary>One window of about as many tokens as the text would have, cut at the window's end.</summary>
    public StageOutcome<PreparedDocument> Prepare(TextMessage message) =>
        new NullDocument(new TokenSequence(Ids.AsMemory(0, Math.Clamp(message.Text.Length / CharactersPerToken, 1, MaxLength))));

    /// <inheritdoc/>
    public void Accept(PreparedDocument document, int window, EncoderOutput output, int row)
    {
    }

    /// <inheritdoc/>
    public Annotations Complete(PreparedDocument document) => Nothing;

    /// <inheritdoc/>
    public ValueTask<EncoderOutput> RunAsync(IReadOnlyList<TokenSequence> batch, CancellationToken cancellationToken) => new(Output);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => default;

    private static readonly Annotations Nothing = new();

    private sealed class NullDocument(TokenSequence window) : PreparedDocument
    {
        public override IReadOnlyList<TokenSequence> Windows { get; } = [window];
    }

    private sealed class NullOutput : EncoderOutput
    {
        public override int PaddedLength => 0;

        public override ReadOnlySpan<float> Hidden(int layer, int row) => default;

        public override void Dispose()
        {
        }
    }
}
