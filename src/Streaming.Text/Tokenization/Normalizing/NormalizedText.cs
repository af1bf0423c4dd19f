using System.Buffers;

namespace Streaming.Text.Tokenization.Normalizing;

/// <summary>
/// A stretch of text as scalar values on their way through the normalising steps, each with the UTF-16 span of the original
/// that it stands for. Alignment follows Hugging Face's <c>NormalizedString</c>: a replaced scalar keeps the span of what it
/// replaces, an added one shares its predecessor's, a removed one leaves no trace.
/// </summary>
/// <remarks>Owned by whoever made it; arrays are pooled. Not safe for concurrent use.</remarks>
internal sealed class NormalizedText : IDisposable
{
    private Columns _now = new(256);
    private Columns _next = new(256);
    private int _written;
    private int _cursor;
    private int _origin;

    /// <summary>Number of scalars.</summary>
    internal int Count { get; private set; }

    /// <summary>The scalars.</summary>
    internal ReadOnlySpan<int> Scalars => _now.Scalars.AsSpan(0, Count);

    /// <summary>First UTF-16 unit of what each scalar stands for.</summary>
    internal ReadOnlySpan<int> Starts => _now.Starts.AsSpan(0, Count);

    /// <summary>UTF-16 unit behind what each scalar stands for.</summary>
    internal ReadOnlySpan<int> Ends => _now.Ends.AsSpan(0, Count);

    /// <summary>Whether this stretch is where the whole text begins.</summary>
    internal bool IsAtStart => _origin == 0;

    /// <summary>Room that is held; a caller that keeps instances drops large ones.</summary>
    internal int Capacity => Math.Max(_now.Scalars.Length, _next.Scalars.Length);

    /// <summary>Takes a stretch of text; lone surrogates become U+FFFD.</summary>
    /// <param name="text">The stretch.</param>
    /// <param name="origin">Where it begins in the whole text.</param>
    internal void Load(ReadOnlySpan<char> text, int origin)
    {
        _origin = origin;
        _now.Reserve(0, text.Length);
        var (scalars, starts, ends) = (_now.Scalars, _now.Starts, _now.Ends);
        var count = 0;
        for (var i = 0; i < text.Length; i++)
        {
            int scalar = text[i];
            var start = i;
            if (char.IsSurrogate(text[i]))
            {
                var isPair = char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]);
                scalar = isPair ? char.ConvertToUtf32(text[i], text[++i]) : 0xFFFD;
            }

            scalars[count] = scalar;
            starts[count] = origin + start;
            ends[count++] = origin + i + 1;
        }

        Count = count;
    }

    /// <summary>Every scalar of one value becomes another; spans stay.</summary>
    internal void Replace(int old, int scalar) => _now.Scalars.AsSpan(0, Count).Replace(old, scalar);

    /// <summary>Puts a scalar before the first one, with that one's span.</summary>
    internal void Prepend(int scalar)
    {
        _now.Reserve(Count, Count + 1);
        foreach (var column in (ReadOnlySpan<int[]>)[_now.Scalars, _now.Starts, _now.Ends])
            column.AsSpan(0, Count).CopyTo(column.AsSpan(1));
        _now.Scalars[0] = scalar;
        Count++;
    }

    /// <summary>Begins to write the text anew.</summary>
    /// <param name="skipped">Scalars at the beginning that are removed.</param>
    internal void Begin(int skipped = 0)
    {
        _written = 0;
        _cursor = skipped;
    }

    /// <summary>Writes a scalar.</summary>
    /// <param name="scalar">What is written.</param>
    /// <param name="change">0: in the place of the next one; −n: and n more behind it are removed; above 0: added.</param>
    internal void Put(int scalar, int change)
    {
        if (_written == _next.Scalars.Length)
            _next.Reserve(_written, Math.Max(_written * 2, 256));
        var from = change > 0 ? _cursor - 1 : _cursor;
        var isKnown = (uint)from < (uint)Count;
        _next.Scalars[_written] = scalar;
        _next.Starts[_written] = isKnown ? _now.Starts[from] : _origin;
        _next.Ends[_written++] = isKnown ? _now.Ends[from] : _origin;
        if (change <= 0)
            _cursor += 1 - change;
    }

    /// <summary>Passes over scalars that are removed.</summary>
    internal void Skip(int count) => _cursor += count;

    /// <summary>Writes a scalar that shares the span of another of the old text.</summary>
    internal void PutAt(int scalar, int index)
    {
        _cursor = index;
        Put(scalar, 0);
    }

    /// <summary>What was written since <see cref="Begin"/> becomes the text.</summary>
    internal void End()
    {
        (_now, _next) = (_next, _now);
        Count = _written;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _now.Return();
        _next.Return();
        Count = 0;
    }

    private struct Columns(int capacity)
    {
        internal int[] Scalars = ArrayPool<int>.Shared.Rent(capacity);
        internal int[] Starts = ArrayPool<int>.Shared.Rent(capacity);
        internal int[] Ends = ArrayPool<int>.Shared.Rent(capacity);

        /// <summary>Makes room for <paramref name="capacity"/> rows and keeps the first <paramref name="used"/>.</summary>
        internal void Reserve(int used, int capacity)
        {
            if (capacity <= Scalars.Length)
                return;
            Grow(ref Scalars, used, capacity);
            Grow(ref Starts, used, Scalars.Length);
            Grow(ref Ends, used, Scalars.Length);
        }

        internal void Return()
        {
            foreach (var array in (ReadOnlySpan<int[]>)[Scalars, Starts, Ends])
            {
                if (array.Length > 0)
                    ArrayPool<int>.Shared.Return(array);
            }

            Scalars = Starts = Ends = [];
        }

        private static void Grow(ref int[] array, int used, int capacity)
        {
            var larger = ArrayPool<int>.Shared.Rent(capacity);
            array.AsSpan(0, used).CopyTo(larger);
            ArrayPool<int>.Shared.Return(array);
            array = larger;
        }
    }
}
