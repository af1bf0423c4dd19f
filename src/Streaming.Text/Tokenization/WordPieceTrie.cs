using System.Runtime.InteropServices;

namespace Streaming.Text.Tokenization;

/// <summary>
/// All pieces of a vocabulary in one double-array trie with failure links: longest-match-first WordPiece in time linear
/// in the word, without ever looking back (Song et al., "Fast WordPiece Tokenization", EMNLP 2021).
/// </summary>
/// <remarks>
/// A state is a prefix of some piece. When no piece goes on with the next symbol, <see cref="Failure"/> gives the state
/// to go on from and <see cref="Pieces"/> the pieces that greedy matching has settled by then; failure 0 means that the
/// word can't be spelt. State 0 is that dead end; symbols count from 1, symbol 0 is in no piece.
/// </remarks>
internal sealed class WordPieceTrie
{
    /// <summary>State before the first symbol of a word.</summary>
    internal const int Root = 1;

    private readonly Cell[] _cells;
    private readonly Link[] _links;
    private readonly Piece[] _pieces;

    private WordPieceTrie(Cell[] cells, Link[] links, Piece[] pieces, int suffixRoot)
    {
        _cells = cells;
        _links = links;
        _pieces = pieces;
        SuffixRoot = suffixRoot;
    }

    /// <summary>State in a word after a whole piece.</summary>
    internal int SuffixRoot { get; }

    internal ReadOnlySpan<Cell> Cells => _cells;

    internal ReadOnlySpan<Link> Links => _links;

    internal ReadOnlySpan<Piece> Pieces => _pieces;

    /// <summary>Builds the trie.</summary>
    /// <param name="pieces">Symbols of each piece (from 1), whether it continues a word, and its id. Equal pieces: the last wins.</param>
    /// <param name="symbolCount">Number of symbols, 0 included.</param>
    internal static WordPieceTrie Build(IEnumerable<(int[] Symbols, bool Continues, int Id)> pieces, int symbolCount)
    {
        var nodes = new TrieNodes();
        foreach (var (symbols, continues, id) in pieces)
            nodes.Add(symbols, continues, id);
        var emitted = nodes.Link();
        var place = Pack(nodes, symbolCount, out var cells);
        var links = new Link[cells.Length];
        for (var node = 0; node < nodes.Count; node++)
        {
            var failure = nodes.Failure[node];
            links[place[node]] = new Link(failure < 0 ? 0 : place[failure], nodes.EmitStart[node], nodes.EmitCount[node]);
        }

        return new WordPieceTrie(cells, links, emitted, place[TrieNodes.SuffixRoot]);
    }

    /// <summary>Gives each node a cell such that cell(child) = base(cell(parent)) + symbol, without clashes.</summary>
    internal static int[] Pack(TrieNodes nodes, int symbolCount, out Cell[] packed)
    {
        var capacity = nodes.Count * 2 + symbolCount * 2 + 16;
        var cells = new Cell[capacity];
        var used = new bool[capacity];
        var place = new int[nodes.Count];
        place[TrieNodes.Root] = Root;
        place[TrieNodes.SuffixRoot] = Root + 1;
        used[0] = used[Root] = used[Root + 1] = true;
        var firstFree = Root + 2;
        var top = Root + 2;
        foreach (var node in nodes.BreadthFirst())
        {
            var children = nodes.Children(node);
            if (children.Length == 0)
                continue;
            while (used[firstFree])
                firstFree++;

            // Wide nodes come early in breadth-first order and find room at once; narrow ones fill the gaps.
            var slot = firstFree;
            var tries = 0;
            int start;
            while (true)
            {
                if (tries++ > 256)
                    slot = Math.Max(slot, top);
                start = slot - children[0].Symbol;
                if (slot + symbolCount + 1 >= cells.Length)
                {
                    Array.Resize(ref cells, cells.Length * 2);
                    Array.Resize(ref used, cells.Length);
                }

                if (start >= 0 && Fits(children, start, used))
                    break;
                slot++;
                while (used[slot])
                    slot++;
            }

            cells[place[node]].Base = start;
            foreach (var (symbol, child) in children)
            {
                var cell = start + symbol;
                used[cell] = true;
                cells[cell].Check = place[node];
                place[child] = cell;
                top = Math.Max(top, cell + 1);
            }
        }

        // Room above the last cell, so that base + any symbol needs no bounds check of its own.
        packed = cells.AsSpan(0, top + symbolCount + 1).ToArray();
        return place;
    }

    private static bool Fits(ReadOnlySpan<(int Symbol, int Node)> children, int start, bool[] used)
    {
        foreach (var (symbol, _) in children)
        {
            if (used[start + symbol])
                return false;
        }

        return true;
    }

    /// <summary>A state: children are at <see cref="Base"/> + symbol if their <see cref="Check"/> is this state.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct Cell
    {
        internal int Base;
        internal int Check;
    }

    /// <summary>Where to go on when nothing fits, and the pieces settled then.</summary>
    internal readonly record struct Link(int Failure, int PieceStart, int PieceCount);

    /// <summary>A settled piece: its id and its length in symbols.</summary>
    internal readonly record struct Piece(int Id, int Length);
}
