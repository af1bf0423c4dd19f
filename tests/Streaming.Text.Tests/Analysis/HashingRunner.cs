using Streaming.Core.Models;

namespace Streaming.Text.Tests.Analysis;

/// <summary>
/// An encoder without weights: a token's hidden state is drawn from its id and, to a lesser part, from its whole window, so
/// that tests see when a window, a place or a layer is mixed up.
/// </summary>
internal sealed class HashingRunner(int dimensions = 16, int maxLength = 64, params int[] layers) : IModelRunner
{
    private int _calls;

    public int Calls => _calls;

    public EncoderInfo Info { get; } = new(dimensions, layers.Length == 0 ? [1, 2] : layers, maxLength, "test");

    public ValueTask<EncoderOutput> RunAsync(IReadOnlyList<TokenSequence> batch, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Interlocked.Increment(ref _calls);
        foreach (var sequence in batch)
            Assert.InRange(sequence.Length, 3, maxLength);
        return ValueTask.FromResult<EncoderOutput>(new Output(batch, Info));
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>Hidden state of one token; public so that a test can tell what it should be.</summary>
    public static float Value(int id, int layer, int dimension)
    {
        var hash = (uint)HashCodeOf(id, layer, dimension);
        return (hash % 2000) / 1000f - 1;
    }

    private static int HashCodeOf(int id, int layer, int dimension)
    {
        var hash = 2166136261u;
        foreach (var part in (ReadOnlySpan<int>)[id, layer, dimension])
            hash = (hash ^ (uint)part) * 16777619u;
        return (int)(hash ^ (hash >> 13));
    }

    private sealed class Output : EncoderOutput
    {
        private readonly float[][][] _hidden;

        public Output(IReadOnlyList<TokenSequence> batch, EncoderInfo info)
        {
            PaddedLength = batch.Max(sequence => sequence.Length);
            _hidden = [.. info.Layers.Select(layer => batch.Select(sequence =>
            {
                var values = new float[sequence.Length * info.Dimensions];
                for (var token = 0; token < sequence.Length; token++)
                {
                    for (var dimension = 0; dimension < info.Dimensions; dimension++)
                        values[token * info.Dimensions + dimension] = Value(sequence.Ids.Span[token], layer, dimension);
                }

                return values;
            }).ToArray())];
        }

        public override int PaddedLength { get; }

        public override ReadOnlySpan<float> Hidden(int layer, int row) => _hidden[layer][row];

        public override void Dispose()
        {
        }
    }
}
