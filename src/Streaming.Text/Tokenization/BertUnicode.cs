using System.Globalization;

namespace Streaming.Text.Tokenization;

/// <summary>What happens to one Unicode scalar value before WordPiece sees it.</summary>
internal enum ScalarKind
{
    /// <summary>Part of a word, as it is or mapped to another.</summary>
    Word = 0,

    /// <summary>Taken out; a word goes on across it.</summary>
    Removed = 1,

    /// <summary>Ends a word.</summary>
    Space = 2,

    /// <summary>A word of its own (punctuation, CJK).</summary>
    Single = 3,

    /// <summary>Becomes several scalars.</summary>
    Sequence = 4,

    /// <summary>First half of a surrogate pair: look further.</summary>
    HighSurrogate = 5,
}

/// <summary>
/// The normaliser and pre-tokeniser of BERT, scalar value by scalar value: clean text, split CJK, and for uncased models
/// lower case and strip accents. The data is an embedded resource made from what Hugging Face's library does with each
/// scalar value, because Unicode versions differ and a model expects the one it was trained with.
/// </summary>
internal sealed class BertUnicode
{
    internal const int ScalarLimit = 0x110000;
    private const int HangulFirst = 0xAC00;
    private const int HangulCount = 11172;

    private readonly byte[] _kinds = new byte[ScalarLimit];
    private readonly Dictionary<int, int[]> _mapped = [];
    private readonly bool _uncased;

    private BertUnicode(bool uncased)
    {
        _uncased = uncased;
        EmbeddedTable.Read("Streaming.Text.Tokenization.BertUnicode.txt", (section, line) => Read(section, line));
    }

    /// <summary>Reads the tables: 1 MB, needed only while a tokeniser is built.</summary>
    /// <param name="uncased">True for models with lower case and stripped accents; false for those with neither.</param>
    internal static BertUnicode Load(bool uncased) => new(uncased);

    /// <summary>Kind of a scalar value as it stands in a text.</summary>
    internal ScalarKind KindOf(int scalar) => (ScalarKind)_kinds[scalar];

    /// <summary>Scalar values that become others, Hangul syllables not counted.</summary>
    internal IEnumerable<int> Mapped => _mapped.Keys;

    /// <summary>Whether a stretch of scalar values is all of one kind.</summary>
    internal bool IsUniform(int first, int count) => _kinds.AsSpan(first, count).IndexOfAnyExcept(_kinds[first]) < 0;

    /// <summary>What a scalar value becomes; null: it stays as it is.</summary>
    internal int[]? MappingOf(int scalar)
    {
        if (_mapped.TryGetValue(scalar, out var target))
            return target;
        if (!_uncased || scalar is < HangulFirst or >= HangulFirst + HangulCount)
            return null;

        // Canonical decomposition of Hangul syllables is arithmetic (The Unicode Standard, section 3.12).
        var index = scalar - HangulFirst;
        var (lead, vowel, trail) = (0x1100 + index / 588, 0x1161 + index % 588 / 28, 0x11A7 + index % 28);
        return trail == 0x11A7 ? [lead, vowel] : [lead, vowel, trail];
    }

    private static int Hex(ReadOnlySpan<char> text) => int.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    private void Read(string section, ReadOnlySpan<char> line)
    {
        var arrow = line.IndexOf('>');
        var range = arrow < 0 ? line : line[..arrow];
        var dash = range.IndexOf('-');
        var first = Hex(dash < 0 ? range : range[..dash]);
        var last = dash < 0 ? first : Hex(range[(dash + 1)..]);
        switch (section)
        {
            case "[removed]":
                _kinds.AsSpan(first, last - first + 1).Fill((byte)ScalarKind.Removed);
                break;
            case "[accents]":
                if (_uncased)
                    _kinds.AsSpan(first, last - first + 1).Fill((byte)ScalarKind.Removed);
                break;
            case "[spaces]":
                _kinds.AsSpan(first, last - first + 1).Fill((byte)ScalarKind.Space);
                break;
            case "[cjk]":
            case "[isolated]":
                _kinds.AsSpan(first, last - first + 1).Fill((byte)ScalarKind.Single);
                break;
            case "[lowered]":
                if (_uncased)
                    ReadMapping(first, last, line[(arrow + 1)..]);
                break;
            default:
                throw new InvalidOperationException($"BertUnicode.txt has a section '{section}': this is a bug.");
        }
    }

    private void ReadMapping(int first, int last, ReadOnlySpan<char> targets)
    {
        var parts = targets.ToString().Split(' ');
        if (parts.Length > 1)
        {
            _mapped[first] = Array.ConvertAll(parts, part => Hex(part));
            return;
        }

        var target = Hex(targets);
        for (var scalar = first; scalar <= last; scalar++)
            _mapped[scalar] = [target + scalar - first];
    }
}
