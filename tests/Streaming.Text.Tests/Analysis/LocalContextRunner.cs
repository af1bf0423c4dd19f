using Streaming.Core.Models;

namespace Streaming.Text.Tests.Analysis;

/// <summary>
/// An encoder whose tokens see so many neighbours on either side and no more: a window that shows a token all of them gives
/// the same state as the whole text, bit by bit, and one that does not gives another.
/// </summary>
internal sealed class LocalContextRunner(int reach, int maxLength, int dimensions = 16) : IModelRunner
{
    public EncoderInfo Info { get; } = new(dimensions, [1, 2], maxLength, "test");

    public ValueTask<EncoderOutput> RunAsync(IReadOnlyList<TokenSequence> batch, CancellationToken cancellationToken) =>
        ValueTask.FromResult<EncoderOutput>(new Output(batch, this));

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private float[] States(ReadOnlySpan<int> ids, int layer)
    {
        var values = new float[ids.Length * dimensions];
        for (var token = 0; token < ids.Length; token++)
        {
            for (var dimension = 0; dimension < dimensions; dimension++)
            {
                var sum = HashingRunner.Value(ids[token], layer, dimension);
                for (var distance = -reach; distance <= reach; distance++)
                {
                    // Framing tokens are no context: they stand elsewhere when a text is cut.
                    if (token + distance > 0 && token + distance < ids.Length - 1 && distance != 0)
                        sum += HashingRunner.Value(ids[token + distance], layer + 7, dimension) / (2 * (1 + Math.Abs(distance)));
                }

                values[(token * dimensions) + dimension] = sum;
            }
        }

        return values;
    }

    private sealed class Output(IReadOnlyList<TokenSequence> batch, LocalContextRunner owner) : EncoderOutput
    {
        private readonly float[][][] _hidden = [.. owner.Info.Layers.Select(layer => batch.Select(sequence => owner.States(sequence.Ids.Span, layer)).ToArray())];

        public override int PaddedLength { get; } = batch.Max(static sequence => sequence.Length);

        public override ReadOnlySpan<float> Hidden(int layer, int row) => _hidden[layer][row];

        public override void Dispose()
        {
        }
    }
}
