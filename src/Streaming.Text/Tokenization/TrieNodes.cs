using System.Runtime.InteropServices;

namespace Streaming.Text.Tokenization;

/// <summary>A trie as it is being built: nodes, children by symbol, failure links. Thrown away once packed.</summary>
internal sealed class TrieNodes
{
    internal const int Root = 0;
    internal const int SuffixRoot = 1;

    private readonly List<List<(int Symbol, int Node)>?> _children = [null, null];
    private readonly Dictionary<long, int> _transitions = [];
    private readonly List<int> _id = [-1, -1];
    private readonly List<int> _depth = [0, 0];

    internal int Count => _children.Count;

    /// <summary>Node to go on from; -1: none.</summary>
    internal int[] Failure { get; private set; } = [];

    internal int[] EmitStart { get; private set; } = [];

    internal int[] EmitCount { get; private set; } = [];

    internal void Add(int[] symbols, bool continues, int id)
    {
        if (symbols.Length == 0)
            return;
        var node = continues ? SuffixRoot : Root;
        foreach (var symbol in symbols)
        {
            var next = Find(node, symbol);
            if (next < 0)
            {
                next = _children.Count;
                _children.Add(null);
                _id.Add(-1);
                _depth.Add(_depth[node] + 1);
                (_children[node] ??= []).Add((symbol, next));
                _transitions.Add(((long)node << 32) | (uint)symbol, next);
            }

            node = next;
        }

        _id[node] = id;
    }

    internal ReadOnlySpan<(int Symbol, int Node)> Children(int node) => CollectionsMarshal.AsSpan(_children[node]);

    internal List<int> BreadthFirst()
    {
        var order = new List<int>(Count) { Root, SuffixRoot };
        for (var next = 0; next < order.Count; next++)
        {
            foreach (var (_, child) in Children(order[next]))
                order.Add(child);
        }

        return order;
    }

    /// <summary>Id of the piece that ends in a node; -1: none.</summary>
    internal int IdOf(int node) => _id[node];

    /// <summary>Orders the children of every node by symbol; packing needs it.</summary>
    internal void Sort()
    {
        foreach (var children in _children)
            children?.Sort();
    }

    /// <summary>Computes failure links and settled pieces of every node, shallow nodes first.</summary>
    internal WordPieceTrie.Piece[] Link()
    {
        Sort();
        Failure = new int[Count];
        EmitStart = new int[Count];
        EmitCount = new int[Count];
        Failure.AsSpan().Fill(-1);
        var pieces = new List<WordPieceTrie.Piece>();
        var settled = new List<WordPieceTrie.Piece>();
        foreach (var parent in BreadthFirst())
        {
            foreach (var (symbol, node) in Children(parent))
            {
                EmitStart[node] = pieces.Count;
                if (_id[node] >= 0)
                {
                    // A whole piece: nothing longer fits, so it is settled and a new one starts.
                    Failure[node] = SuffixRoot;
                    pieces.Add(new WordPieceTrie.Piece(_id[node], _depth[node]));
                }
                else
                {
                    // Follow the parent's failures until one of them can take this symbol.
                    settled.Clear();
                    Settle(parent, pieces, settled);
                    var state = Failure[parent];
                    var target = -1;
                    while (state >= 0 && (target = Find(state, symbol)) < 0)
                    {
                        Settle(state, pieces, settled);
                        state = Failure[state];
                    }

                    if (state >= 0)
                    {
                        Failure[node] = target;
                        pieces.AddRange(settled);
                    }
                }

                EmitCount[node] = pieces.Count - EmitStart[node];
            }
        }

        return [.. pieces];
    }

    private void Settle(int node, List<WordPieceTrie.Piece> pieces, List<WordPieceTrie.Piece> settled)
    {
        for (var i = 0; i < EmitCount[node]; i++)
            settled.Add(pieces[EmitStart[node] + i]);
    }

    private int Find(int node, int symbol) => _transitions.GetValueOrDefault(((long)node << 32) | (uint)symbol, -1);
}
