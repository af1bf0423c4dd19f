namespace Streaming.Core.Engine;

/// <summary>Sequences that go through the model together. Reused: a <see cref="MicroBatcher{T}"/> fills it anew.</summary>
public sealed class MicroBatch<T>
{
    private readonly List<T> _items = [];

    /// <summary>What was added, the oldest first, then by length around it.</summary>
    public IReadOnlyList<T> Items => _items;

    /// <summary>Sequences.</summary>
    public int Count => _items.Count;

    /// <summary>The longest sequence, to which the others are padded.</summary>
    public int PaddedLength { get; private set; }

    /// <summary>Real tokens.</summary>
    public long Tokens { get; private set; }

    /// <summary>Token places computed: padded length × sequences.</summary>
    public long PaddedTokens => (long)PaddedLength * Count;

    /// <summary>The model version of every item.</summary>
    public object? Version { get; private set; }

    internal void Clear(object? version)
    {
        _items.Clear();
        PaddedLength = 0;
        Tokens = 0;
        Version = version;
    }

    internal void Add(T item, int length)
    {
        _items.Add(item);
        PaddedLength = Math.Max(PaddedLength, length);
        Tokens += length;
    }
}
