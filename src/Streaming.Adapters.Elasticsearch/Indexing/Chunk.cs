namespace Streaming.Adapters.Elasticsearch.Indexing;

/// <summary>Writes that go into one request, by their number in the call.</summary>
internal sealed class Chunk(string? home)
{
    private readonly List<int> _sizes = [];

    /// <summary>Their numbers, in order.</summary>
    public List<int> Items { get; } = [];

    /// <summary>Index to write to, or null: the alias's write index.</summary>
    public string? Home => home;

    /// <summary>Bytes before compression.</summary>
    public long Bytes { get; private set; }

    /// <summary>How often this was answered with a server error of its own.</summary>
    public int ServerErrors { get; private init; }

    public void Add(int item, int size)
    {
        Items.Add(item);
        _sizes.Add(size);
        Bytes += size;
    }

    /// <summary>Two halves of about the same number.</summary>
    public (Chunk Left, Chunk Right) Halve()
    {
        var left = new Chunk(home);
        var right = new Chunk(home);
        for (var i = 0; i < Items.Count; i++)
            (i < Items.Count / 2 ? left : right).Add(Items[i], _sizes[i]);
        return (left, right);
    }

    /// <summary>Some of them; <paramref name="items"/> in order.</summary>
    public Chunk Only(List<int> items)
    {
        var some = new Chunk(home) { ServerErrors = ServerErrors };
        var next = 0;
        for (var i = 0; i < Items.Count && next < items.Count; i++)
        {
            if (Items[i] != items[next])
                continue;
            some.Add(Items[i], _sizes[i]);
            next++;
        }

        return some;
    }

    /// <summary>One of them, after a server error.</summary>
    public Chunk Alone(int item)
    {
        var alone = new Chunk(home) { ServerErrors = ServerErrors + 1 };
        alone.Add(item, _sizes[Items.IndexOf(item)]);
        return alone;
    }
}
