using System.Text;
using Streaming.Text.Tokenization.Normalizing;

namespace Streaming.Text.Tokenization.Subwords;

/// <summary>Byte-pair encoding over scalars, as SentencePiece's BPE models have it; unknown scalars become bytes or unknown tokens.</summary>
internal sealed class CharacterBpeModel : BpeModel
{
    private readonly PieceTrie _alphabet;
    private readonly BpeMerges _merges;
    private readonly int _unknown;
    private readonly bool _fusesUnknown;
    private readonly int _mark;
    private readonly int[]? _bytes;

    /// <summary>A model.</summary>
    /// <param name="alphabet">The pieces; those of one scalar are the symbols merging starts from.</param>
    /// <param name="merges">The merges.</param>
    /// <param name="unknown">Id of an unknown scalar.</param>
    /// <param name="fusesUnknown">Whether neighbouring unknown scalars are one token.</param>
    /// <param name="mark">What words begin with; −1: a text is one word.</param>
    /// <param name="bytes">Ids of the 256 bytes for unknown scalars; null: they stay unknown.</param>
    internal CharacterBpeModel(PieceTrie alphabet, BpeMerges merges, int unknown, bool fusesUnknown, int mark, int[]? bytes) =>
        (_alphabet, _merges, _unknown, _fusesUnknown, _mark, _bytes) = (alphabet, merges, unknown, fusesUnknown, mark, bytes);

    /// <inheritdoc/>
    public override int EndOfWord(ReadOnlySpan<int> scalars, int from) => MarkedWords.EndOf(scalars, from, _mark);

    /// <inheritdoc/>
    protected override void Encode(NormalizedText text, int from, int to, Span<int> ids, Span<int> lengths, Span<int> owners, TokenBuffer buffer)
    {
        var count = Spell(text.Scalars, from, to, ids, owners);
        lengths[..count].Fill(1);

        // A symbol may stand for several scalars (fused unknown ones): where the next one begins, it ends.
        var symbols = count;
        var kept = _merges.Merge(ids[..count], lengths[..count]);
        buffer.Reserve(kept);
        var at = 0;
        for (var token = 0; token < kept; token++)
        {
            var first = owners[at];
            at += lengths[token];
            var next = at < symbols ? owners[at] : to;
            buffer.Append(ids[token], text.Starts[first], text.Ends[Math.Max(first, next - 1)]);
        }
    }

    private int Spell(ReadOnlySpan<int> scalars, int from, int to, Span<int> ids, Span<int> owners)
    {
        Span<byte> utf8 = stackalloc byte[4];
        var count = 0;
        var wasUnknown = false;
        for (var i = from; i < to; i++)
        {
            var id = _alphabet.Find(scalars.Slice(i, 1));
            if (id >= 0 || _bytes is null)
            {
                var joins = id < 0 && wasUnknown && _fusesUnknown;
                wasUnknown = id < 0;
                if (!joins)
                    (ids[count], owners[count++]) = (id < 0 ? _unknown : id, i);
                continue;
            }

            wasUnknown = false;
            foreach (var value in utf8[..new Rune(scalars[i]).EncodeToUtf8(utf8)])
                (ids[count], owners[count++]) = (_bytes[value], i);
        }

        return count;
    }
}
