using System.Buffers;

namespace Streaming.Text.Tokenization;

/// <summary>
/// Room for the tokens of one text, from pooled arrays, meant to be used again and again. Owned by whoever made it;
/// <see cref="Dispose"/> gives the arrays back, after which spans taken from it are invalid. Not safe for concurrent use.
/// </summary>
public sealed class TokenBuffer : IDisposable
{
    private int[] _ids;
    private int[] _starts;
    private int[] _ends;
    private int[] _words;

    /// <summary>An empty buffer.</summary>
    /// <param name="capacity">Tokens it takes before it grows; at least 1.</param>
    public TokenBuffer(int capacity = 1024)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        _ids = ArrayPool<int>.Shared.Rent(capacity);
        _starts = ArrayPool<int>.Shared.Rent(capacity);
        _ends = ArrayPool<int>.Shared.Rent(capacity);
        _words = ArrayPool<int>.Shared.Rent(capacity);
    }

    /// <summary>Number of tokens.</summary>
    public int Count { get; internal set; }

    /// <summary>Number of words seen so far: the index that the next word gets.</summary>
    public int WordCount { get; internal set; }

    /// <summary>Vocabulary ids.</summary>
    public ReadOnlySpan<int> Ids => _ids.AsSpan(0, Count);

    /// <summary>First UTF-16 unit of each token in the original text, inclusive.</summary>
    public ReadOnlySpan<int> Starts => _starts.AsSpan(0, Count);

    /// <summary>Last UTF-16 unit of each token in the original text, exclusive.</summary>
    public ReadOnlySpan<int> Ends => _ends.AsSpan(0, Count);

    /// <summary>Index of the pre-token (word as the tokeniser sees it) each token belongs to, rising from 0.</summary>
    public ReadOnlySpan<int> Words => _words.AsSpan(0, Count);

    internal int Capacity => Math.Min(Math.Min(_ids.Length, _starts.Length), Math.Min(_ends.Length, _words.Length));

    internal Span<int> AllIds => _ids;

    internal Span<int> AllStarts => _starts;

    internal Span<int> AllEnds => _ends;

    internal Span<int> AllWords => _words;

    /// <summary>Forgets the tokens, keeps the room.</summary>
    public void Clear()
    {
        Count = 0;
        WordCount = 0;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var array in (ReadOnlySpan<int[]>)[_ids, _starts, _ends, _words])
        {
            if (array.Length > 0)
                ArrayPool<int>.Shared.Return(array);
        }

        _ids = _starts = _ends = _words = [];
        Count = 0;
    }

    /// <summary>Appends a token of the word that is being read.</summary>
    internal void Append(int id, int start, int end)
    {
        if (Count == Capacity)
            Reserve(1);
        (_ids[Count], _starts[Count], _ends[Count], _words[Count]) = (id, start, end, WordCount);
        Count++;
    }

    /// <summary>Makes room for so many more tokens.</summary>
    internal void Reserve(int more)
    {
        var needed = checked(Count + more);
        if (needed <= Capacity)
            return;
        ObjectDisposedException.ThrowIf(_ids.Length == 0, this);
        var capacity = Math.Max(needed, Capacity * 2);
        Grow(ref _ids, capacity);
        Grow(ref _starts, capacity);
        Grow(ref _ends, capacity);
        Grow(ref _words, capacity);
    }

    private void Grow(ref int[] array, int capacity)
    {
        var larger = ArrayPool<int>.Shared.Rent(capacity);
        array.AsSpan(0, Count).CopyTo(larger);
        ArrayPool<int>.Shared.Return(array);
        array = larger;
    }
}
