using System.Buffers;

namespace Streaming.Core.Models.Caching;

/// <summary>
/// An encoder that runs only what its cache does not have. What comes from the cache is rounded to half floats, so a confidence may
/// differ in its fourth digit from what the encoder itself would have given.
/// </summary>
/// <param name="inner">The encoder; stays the caller's.</param>
/// <param name="cache">Its cache; stays the caller's.</param>
public sealed class CachingModelRunner(IModelRunner inner, EncoderCache cache) : IModelRunner
{
    private long _hits, _misses;

    /// <inheritdoc/>
    public EncoderInfo Info => inner.Info;

    /// <summary>Windows that came from the cache.</summary>
    public long Hits => Interlocked.Read(ref _hits);

    /// <summary>Windows that went through the encoder.</summary>
    public long Misses => Interlocked.Read(ref _misses);

    /// <inheritdoc/>
    public async ValueTask<EncoderOutput> RunAsync(IReadOnlyList<TokenSequence> batch, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(batch);
        var output = new Output(Info, batch);
        try
        {
            var missing = new List<TokenSequence>();
            var keys = new List<UInt128>();
            for (var row = 0; row < batch.Count; row++)
            {
                var key = batch[row].Key();
                if (cache.TryRead(key, batch[row].Length, output.Row(row)))
                    continue;
                missing.Add(output.Miss(row));
                keys.Add(key);
            }

            Interlocked.Add(ref _hits, batch.Count - missing.Count);
            Interlocked.Add(ref _misses, missing.Count);
            if (missing.Count == 0)
                return output;
            using var run = await inner.RunAsync(missing, cancellationToken).ConfigureAwait(false);
            for (var i = 0; i < missing.Count; i++)
                cache.Add(keys[i], missing[i].Length, output.Take(i, run));

            return output;
        }
        catch
        {
            output.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => default;

    private sealed class Output : EncoderOutput
    {
        private readonly IReadOnlyList<TokenSequence> _batch;
        private readonly EncoderInfo _info;
        private readonly float[] _values;
        private readonly int[] _starts;
        private readonly List<int> _missing = [];

        public Output(EncoderInfo info, IReadOnlyList<TokenSequence> batch)
        {
            (_info, _batch) = (info, batch);
            _starts = new int[batch.Count + 1];
            for (var row = 0; row < batch.Count; row++)
            {
                _starts[row + 1] = _starts[row] + (batch[row].Length * info.Layers.Count * info.Dimensions);
                PaddedLength = Math.Max(PaddedLength, batch[row].Length);
            }

            _values = ArrayPool<float>.Shared.Rent(_starts[^1]);
        }

        public override int PaddedLength { get; }

        public Span<float> Row(int row) => _values.AsSpan(_starts[row], _starts[row + 1] - _starts[row]);

        public TokenSequence Miss(int row)
        {
            _missing.Add(row);
            return _batch[row];
        }

        public ReadOnlySpan<float> Take(int index, EncoderOutput run)
        {
            var row = Row(_missing[index]);
            var size = _batch[_missing[index]].Length * _info.Dimensions;
            for (var layer = 0; layer < _info.Layers.Count; layer++)
                run.Hidden(layer, index).CopyTo(row.Slice(layer * size, size));
            return row;
        }

        public override ReadOnlySpan<float> Hidden(int layer, int row)
        {
            var size = _batch[row].Length * _info.Dimensions;
            return Row(row).Slice(layer * size, size);
        }

        public override void Dispose() => ArrayPool<float>.Shared.Return(_values);
    }
}
