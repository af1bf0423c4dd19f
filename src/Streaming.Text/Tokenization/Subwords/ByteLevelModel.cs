using System.Globalization;
using System.Text;
using Streaming.Text.Tokenization.Normalizing;

namespace Streaming.Text.Tokenization.Subwords;

/// <summary>
/// GPT-2's byte-level byte-pair encoding: words by its pattern (contractions; letters, digits or other signs with the space
/// before them; white space), then merges over their UTF-8 bytes.
/// </summary>
internal sealed class ByteLevelModel : BpeModel
{
    private const byte Letter = 1, Number = 2, Blank = 3;

    private static readonly byte[] Kinds = ReadKinds();

    private readonly int[] _bytes;
    private readonly BpeMerges _merges;
    private readonly bool _splits;

    /// <summary>A model.</summary>
    /// <param name="bytes">Id of each of the 256 bytes.</param>
    /// <param name="merges">The merges.</param>
    /// <param name="splits">Whether a text is cut into words first.</param>
    internal ByteLevelModel(int[] bytes, BpeMerges merges, bool splits) => (_bytes, _merges, _splits) = (bytes, merges, splits);

    /// <inheritdoc/>
    public override int EndOfWord(ReadOnlySpan<int> scalars, int from)
    {
        if (!_splits)
            return scalars.Length;
        if (scalars[from] == '\'' && Contraction(scalars[(from + 1)..]) is var length and > 0)
            return from + 1 + length;
        var at = scalars[from] == ' ' ? from + 1 : from;
        if (at < scalars.Length && KindOf(scalars[at]) is var kind && kind != Blank)
        {
            while (at < scalars.Length && KindOf(scalars[at]) == kind)
                at++;
            return at;
        }

        // White space; its last sign goes with what follows, where there is more than one.
        at = from;
        while (at < scalars.Length && KindOf(scalars[at]) == Blank)
            at++;
        return at < scalars.Length && at - from > 1 ? at - 1 : at;
    }

    /// <inheritdoc/>
    protected override void Encode(NormalizedText text, int from, int to, Span<int> ids, Span<int> lengths, Span<int> owners, TokenBuffer buffer)
    {
        var scalars = text.Scalars;
        Span<byte> utf8 = stackalloc byte[4];
        var count = 0;
        for (var i = from; i < to; i++)
        {
            if (scalars[i] < 0x80)
            {
                (ids[count], owners[count++]) = (_bytes[scalars[i]], i);
                continue;
            }

            foreach (var value in utf8[..new Rune(scalars[i]).EncodeToUtf8(utf8)])
                (ids[count], owners[count++]) = (_bytes[value], i);
        }

        lengths[..count].Fill(1);
        var kept = _merges.Merge(ids[..count], lengths[..count]);
        buffer.Reserve(kept);
        var at = 0;
        for (var token = 0; token < kept; token++)
        {
            var last = at + lengths[token] - 1;
            buffer.Append(ids[token], text.Starts[owners[at]], text.Ends[owners[last]]);
            at = last + 1;
        }
    }

    private static int Contraction(ReadOnlySpan<int> rest)
    {
        if (rest.IsEmpty)
            return 0;
        if (rest[0] is 's' or 't' or 'm' or 'd')
            return 1;
        return rest.Length > 1 && (rest[0], rest[1]) is ('r', 'e') or ('v', 'e') or ('l', 'l') ? 2 : 0;
    }

    private static int KindOf(int scalar) => scalar < Kinds.Length ? Kinds[scalar] : Classify(scalar);

    private static byte[] ReadKinds()
    {
        var kinds = new byte[0x3000];
        for (var scalar = 0; scalar < kinds.Length; scalar++)
            kinds[scalar] = Classify(scalar);
        return kinds;
    }

    private static byte Classify(int scalar) => CharUnicodeInfo.GetUnicodeCategory(scalar) switch
    {
        UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter
            or UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter => Letter,
        UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => Number,
        _ => Rune.IsValid(scalar) && Rune.IsWhiteSpace(new Rune(scalar)) ? Blank : (byte)0,
    };
}
