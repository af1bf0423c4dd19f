using System.Buffers;
using System.Text;
using Streaming.Text.Tokenization.Normalizing;

namespace Streaming.Text.Tokenization.Subwords;

/// <summary>
/// The most probable segmentation under independent pieces, by Viterbi (Kudo 2018, https://arxiv.org/abs/1804.10959).
/// Linear in the word's length times that of the longest piece. Neighbouring unknown scalars are one unknown token.
/// </summary>
internal sealed class UnigramModel : ISubwordModel
{
    private const double UnknownPenalty = 10;
    private const int OnStack = 64;

    private readonly PieceTrie _trie;
    private readonly double[] _scores;
    private readonly double _unknownScore;
    private readonly int _unknown;
    private readonly int _mark;
    private readonly int[]? _bytes;

    /// <summary>A model.</summary>
    /// <param name="trie">Pieces that may be found in text.</param>
    /// <param name="scores">Log probability of each id.</param>
    /// <param name="unknown">Id of what no piece covers.</param>
    /// <param name="mark">What words begin with; −1: a text is one word.</param>
    /// <param name="bytes">Ids of the 256 bytes for unknown scalars; null: they stay unknown.</param>
    internal UnigramModel(PieceTrie trie, double[] scores, int unknown, int mark, int[]? bytes)
    {
        (_trie, _scores, _unknown, _mark, _bytes) = (trie, scores, unknown, mark, bytes);
        var least = double.PositiveInfinity;
        foreach (var score in scores)
            least = Math.Min(least, score);
        _unknownScore = least - UnknownPenalty;
    }

    /// <inheritdoc/>
    public int EndOfWord(ReadOnlySpan<int> scalars, int from) => MarkedWords.EndOf(scalars, from, _mark);

    /// <inheritdoc/>
    public void Encode(NormalizedText text, int from, int to, TokenBuffer buffer)
    {
        var word = text.Scalars[from..to];
        if (word.Length < OnStack)
        {
            Span<Node> nodes = stackalloc Node[OnStack];
            nodes = nodes[..(word.Length + 1)];
            nodes.Clear();
            Encode(text, word, from, nodes, buffer);
            return;
        }

        var rented = ArrayPool<Node>.Shared.Rent(word.Length + 1);
        try
        {
            var nodes = rented.AsSpan(0, word.Length + 1);
            nodes.Clear();
            Encode(text, word, from, nodes, buffer);
        }
        finally
        {
            ArrayPool<Node>.Shared.Return(rented);
        }
    }

    private void Encode(NormalizedText text, ReadOnlySpan<int> word, int from, Span<Node> nodes, TokenBuffer buffer)
    {
        for (var start = 0; start < word.Length; start++)
        {
            var soFar = nodes[start].Score;
            var hasSingle = false;
            var state = PieceTrie.Root;
            for (var end = start; end < word.Length; end++)
            {
                state = _trie.Next(state, word[end]);
                if (state == 0)
                    break;
                var id = _trie.IdAt(state);
                if (id < 0)
                    continue;
                hasSingle |= end == start;
                nodes[end + 1].Offer(_scores[id] + soFar, end + 1 - start, id);
            }

            if (!hasSingle)
                nodes[start + 1].Offer(_unknownScore + soFar, 1, _unknown);
        }

        Append(text, word, from, nodes, buffer);
    }

    private void Append(NormalizedText text, ReadOnlySpan<int> word, int from, Span<Node> nodes, TokenBuffer buffer)
    {
        // The path is found from its end: its nodes are turned round in place, each then says where its piece ends.
        var end = word.Length;
        var next = 0;
        while (end > 0)
        {
            var (length, id) = (nodes[end].Length, nodes[end].Id);
            if (id == _unknown)
            {
                while (end > length && nodes[end - length].Id == _unknown)
                    length += nodes[end - length].Length;
            }

            nodes[end].Id = id;
            nodes[end - length].Next = end;
            nodes[end - length].NextId = id;
            end -= length;
            next++;
        }

        buffer.Reserve(next);
        for (var start = 0; start < word.Length; start = nodes[start].Next)
        {
            var (to, id) = (nodes[start].Next, nodes[start].NextId);
            var (first, last) = (text.Starts[from + start], text.Ends[from + to - 1]);
            if (id == _unknown)
            {
                // Unknown scalars can spell a piece together that lost against its parts.
                var together = to - start > 1 ? _trie.Find(word[start..to]) : PieceTrie.None;
                if (together < 0 && _bytes is not null)
                {
                    AppendBytes(word[start..to], first, last, buffer);
                    continue;
                }

                id = together < 0 ? _unknown : together;
            }

            buffer.Append(id, first, last);
        }
    }

    private void AppendBytes(ReadOnlySpan<int> unknown, int first, int last, TokenBuffer buffer)
    {
        Span<byte> utf8 = stackalloc byte[4];
        foreach (var scalar in unknown)
        {
            foreach (var value in utf8[..new Rune(scalar).EncodeToUtf8(utf8)])
                buffer.Append(_bytes![value], first, last);
        }
    }

    private struct Node
    {
        internal double Score;
        internal int Length;
        internal int Id;
        internal int Next;
        internal int NextId;

        internal void Offer(double score, int length, int id)
        {
            if (Length != 0 && score <= Score)
                return;
            (Score, Length, Id) = (score, length, id);
        }
    }
}
