using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace Streaming.Text.Tokenization.Subwords;

/// <summary>The pieces of a vocabulary as a double-array trie over scalar values: one step a scalar, no hashing.</summary>
internal sealed class PieceTrie
{
    internal const int Root = WordPieceTrie.Root;
    internal const int None = -1;

    private readonly WordPieceTrie.Cell[] _cells;
    private readonly int[] _ids;
    private readonly int[] _basic = new int[0x10000];
    private readonly Dictionary<int, int> _upper = [];

    /// <summary>Builds the trie.</summary>
    /// <param name="pieces">Text and id of each piece; an empty text is passed over, of equal texts the last counts.</param>
    internal PieceTrie(IEnumerable<KeyValuePair<string, int>> pieces)
    {
        var nodes = new TrieNodes();
        var symbols = 0;
        var spelt = new List<int>();
        foreach (var (piece, id) in pieces)
        {
            spelt.Clear();
            foreach (var rune in piece.EnumerateRunes())
            {
                ref var symbol = ref rune.Value < 0x10000 ? ref _basic[rune.Value] : ref CollectionsMarshal.GetValueRefOrAddDefault(_upper, rune.Value, out _);
                if (symbol == 0)
                    symbol = ++symbols;
                spelt.Add(symbol);
            }

            nodes.Add([.. spelt], continues: false, id);
        }

        nodes.Sort();
        var place = WordPieceTrie.Pack(nodes, symbols + 1, out _cells);
        _ids = new int[_cells.Length];
        _ids.AsSpan().Fill(None);
        for (var node = 0; node < nodes.Count; node++)
            _ids[place[node]] = nodes.IdOf(node);
    }

    /// <summary>State behind a scalar; 0: no piece goes on so.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal int Next(int state, int scalar)
    {
        var symbol = scalar < 0x10000 ? _basic[scalar] : _upper.GetValueOrDefault(scalar);
        var next = _cells[state].Base + symbol;
        return symbol != 0 && _cells[next].Check == state ? next : 0;
    }

    /// <summary>Id of the piece that ends in a state, or <see cref="None"/>.</summary>
    internal int IdAt(int state) => _ids[state];

    /// <summary>Id of a whole piece, or <see cref="None"/>.</summary>
    internal int Find(ReadOnlySpan<int> scalars)
    {
        var state = Root;
        foreach (var scalar in scalars)
        {
            state = Next(state, scalar);
            if (state == 0)
                return None;
        }

        return IdAt(state);
    }
}
