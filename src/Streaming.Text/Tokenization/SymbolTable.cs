namespace Streaming.Text.Tokenization;

/// <summary>
/// From a UTF-16 unit straight to what the matcher needs: what kind of character it is and which symbol of the
/// vocabulary's alphabet it becomes. Normalising, pre-tokenising and looking up are this one read.
/// </summary>
internal sealed class SymbolTable
{
    private const int PageBits = 12;
    private const int PageSize = 1 << PageBits;

    private readonly uint[] _units = new uint[0x10000];
    private readonly uint[][] _pages = new uint[(BertUnicode.ScalarLimit - 0x10000) >> PageBits][];
    private readonly List<uint[]> _sequences = [];

    /// <summary>Builds the table.</summary>
    /// <param name="unicode">What becomes of each scalar value.</param>
    /// <param name="symbols">Symbol of each scalar value that pieces are spelt with, from 1.</param>
    internal SymbolTable(BertUnicode unicode, IReadOnlyDictionary<int, int> symbols)
    {
        for (var unit = 0; unit < 0x10000; unit++)
        {
            _units[unit] = char.IsHighSurrogate((char)unit) ? (uint)ScalarKind.HighSurrogate
                : char.IsLowSurrogate((char)unit) ? (uint)ScalarKind.Removed
                : Describe(unit, unicode, symbols);
        }

        // Most of the upper planes are alike: such pages are kept once, and not looked at scalar by scalar.
        var special = unicode.Mapped.Concat(symbols.Keys).Where(scalar => scalar >= 0x10000).Select(scalar => (scalar - 0x10000) >> PageBits).ToHashSet();
        var shared = new Dictionary<ScalarKind, uint[]>();
        for (var index = 0; index < _pages.Length; index++)
        {
            var first = 0x10000 + (index << PageBits);
            var kind = unicode.KindOf(first);
            var isPlain = !special.Contains(index) && unicode.IsUniform(first, PageSize);
            if (isPlain && shared.TryGetValue(kind, out var known))
            {
                _pages[index] = known;
                continue;
            }

            var page = new uint[PageSize];
            for (var offset = 0; offset < PageSize; offset++)
                page[offset] = Describe(first + offset, unicode, symbols);
            _pages[index] = page;
            if (isPlain)
                shared.Add(kind, page);
        }
    }

    /// <summary>Entry of each UTF-16 unit: <see cref="KindOf"/> and <see cref="PayloadOf"/>; always 65,536.</summary>
    internal ReadOnlySpan<uint> Units => _units;

    internal static ScalarKind KindOf(uint entry) => (ScalarKind)(entry & 7);

    /// <summary>Symbol (word, single) or index for <see cref="Sequence"/>.</summary>
    internal static int PayloadOf(uint entry) => (int)(entry >> 3);

    /// <summary>Entry of a scalar value above the basic plane.</summary>
    internal uint Supplementary(int scalar)
    {
        var index = scalar - 0x10000;
        return _pages[index >> PageBits][index & (PageSize - 1)];
    }

    /// <summary>Entries of a scalar value that becomes several.</summary>
    internal ReadOnlySpan<uint> Sequence(int payload) => _sequences[payload];

    private uint Describe(int scalar, BertUnicode unicode, IReadOnlyDictionary<int, int> symbols)
    {
        var kind = unicode.KindOf(scalar);
        if (kind is ScalarKind.Removed or ScalarKind.Space)
            return (uint)kind;
        var mapping = unicode.MappingOf(scalar);
        if (mapping is null)
            return Entry(kind, symbols.GetValueOrDefault(scalar));
        var targets = Array.ConvertAll(mapping, target => Entry(unicode.KindOf(target), symbols.GetValueOrDefault(target)));
        if (targets.Length == 1)
            return kind == ScalarKind.Single ? Entry(ScalarKind.Single, PayloadOf(targets[0])) : targets[0];
        _sequences.Add(targets);
        return Entry(ScalarKind.Sequence, _sequences.Count - 1);
    }

    private static uint Entry(ScalarKind kind, int payload) => (uint)kind | ((uint)payload << 3);
}
