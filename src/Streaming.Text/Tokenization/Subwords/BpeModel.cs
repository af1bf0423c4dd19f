using System.Buffers;
using Streaming.Text.Tokenization.Normalizing;

namespace Streaming.Text.Tokenization.Subwords;

/// <summary>What the byte-pair encodings share: room for the symbols of a word, on the stack for all but the longest.</summary>
internal abstract class BpeModel : ISubwordModel
{
    private const int OnStack = 256;

    /// <inheritdoc/>
    public abstract int EndOfWord(ReadOnlySpan<int> scalars, int from);

    /// <inheritdoc/>
    public void Encode(NormalizedText text, int from, int to, TokenBuffer buffer)
    {
        // A scalar is at most four bytes, so no more symbols than that can begin.
        var most = 4 * (to - from);
        if (most <= OnStack)
        {
            Span<int> room = stackalloc int[3 * OnStack];
            Encode(text, from, to, room[..most], room.Slice(OnStack, most), room.Slice(2 * OnStack, most), buffer);
            return;
        }

        var rented = ArrayPool<int>.Shared.Rent(3 * most);
        try
        {
            Encode(text, from, to, rented.AsSpan(0, most), rented.AsSpan(most, most), rented.AsSpan(2 * most, most), buffer);
        }
        finally
        {
            ArrayPool<int>.Shared.Return(rented);
        }
    }

    /// <summary>Spells a word, merges, appends its tokens.</summary>
    /// <param name="text">The text.</param>
    /// <param name="from">First scalar of the word.</param>
    /// <param name="to">Behind its last one.</param>
    /// <param name="ids">Room for the ids of symbols.</param>
    /// <param name="lengths">Room for how many first symbols each has become.</param>
    /// <param name="owners">Room for the scalar each first symbol is of.</param>
    /// <param name="buffer">Gets the tokens.</param>
    protected abstract void Encode(NormalizedText text, int from, int to, Span<int> ids, Span<int> lengths, Span<int> owners, TokenBuffer buffer);
}
