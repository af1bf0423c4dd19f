using System.Buffers;
using System.Globalization;
using System.Text;

namespace Streaming.Text.Tokenization.Normalizing;

/// <summary>
/// Applies a <see cref="CharsMap"/> as Hugging Face's library does: grapheme by grapheme; one of fewer than six UTF-8 bytes
/// is looked up whole, then each of its scalars.
/// </summary>
internal sealed class CharsMapStep(CharsMap map) : INormalizingStep
{
    private const int LongestWhole = 5;

    // Below this nothing joins what stands before it, but line feed behind carriage return.
    private const int FirstJoining = CharsMap.FirstJoining;

    /// <inheritdoc/>
    public void Apply(NormalizedText text)
    {
        var scalars = text.Scalars;
        if (map.IsPlain(scalars))
            return;
        var writer = new Writer(text);
        var graphemes = default(Graphemes);
        text.Begin();
        for (var i = 0; i < scalars.Length;)
        {
            var scalar = scalars[i];
            var next = i + 1 < scalars.Length ? scalars[i + 1] : 0;
            var isAlone = scalar < FirstJoining && next < FirstJoining && !(scalar == '\r' && next == '\n');
            if (isAlone)
            {
                PutOne(ref writer, scalar);
                i++;
                continue;
            }

            var length = graphemes.LengthAt(scalars, i);
            if (length == 1 || !TryWhole(ref writer, scalars.Slice(i, length)))
            {
                foreach (var one in scalars.Slice(i, length))
                    PutOne(ref writer, one);
            }

            i += length;
        }

        graphemes.Dispose();
        writer.Flush();
        if (writer.IsModified)
            text.End();
    }

    private void PutOne(ref Writer writer, int scalar)
    {
        if (map.TryMap(scalar, out var replacement))
            writer.Replace(1, replacement);
        else
            writer.Keep(scalar);
    }

    private bool TryWhole(ref Writer writer, ReadOnlySpan<int> grapheme)
    {
        if (grapheme.Length > LongestWhole)
            return false;
        Span<byte> bytes = stackalloc byte[4 * LongestWhole];
        var length = 0;
        foreach (var scalar in grapheme)
            length += new Rune(scalar).EncodeToUtf8(bytes[length..]);
        if (length > LongestWhole || !map.TryMap(bytes[..length], out var replacement))
            return false;
        writer.Replace(grapheme.Length, replacement);
        return true;
    }

    /// <summary>Keeps the last scalar back, since what is removed behind it is told with it.</summary>
    private ref struct Writer(NormalizedText text)
    {
        private int _scalar;
        private int _change;
        private bool _has;

        internal bool IsModified { get; private set; }

        internal void Keep(int scalar) => Push(scalar, 0);

        internal void Replace(int removed, scoped ReadOnlySpan<byte> replacement)
        {
            IsModified = true;
            var added = 0;
            for (var rest = replacement; !rest.IsEmpty; added++)
            {
                Rune.DecodeFromUtf8(rest, out var rune, out var used);
                Push(rune.Value, added < removed ? 0 : 1);
                rest = rest[used..];
            }

            // With nothing before it, a removal is lost: the library's behaviour, which offsets have to follow.
            if (added < removed && _has)
                _change += added - removed;
        }

        internal void Flush()
        {
            if (_has)
                text.Put(_scalar, _change);
            _has = false;
        }

        private void Push(int scalar, int change)
        {
            Flush();
            (_scalar, _change, _has) = (scalar, change, true);
        }
    }

    /// <summary>Grapheme clusters of scalars; the text as UTF-16 is only made when one is asked for.</summary>
    private struct Graphemes : IDisposable
    {
        private char[]? _units;
        private int _count;
        private int _scalarAt;
        private int _unitAt;

        internal int LengthAt(ReadOnlySpan<int> scalars, int at)
        {
            if (_units is null)
            {
                _units = ArrayPool<char>.Shared.Rent(2 * scalars.Length);
                foreach (var scalar in scalars)
                    _count += new Rune(scalar).EncodeToUtf16(_units.AsSpan(_count));
            }

            while (_scalarAt < at)
                _unitAt += scalars[_scalarAt++] >= 0x10000 ? 2 : 1;
            var units = StringInfo.GetNextTextElementLength(_units.AsSpan(_unitAt, _count - _unitAt));
            var length = 0;
            for (var seen = 0; seen < units; length++)
                seen += scalars[at + length] >= 0x10000 ? 2 : 1;
            return length;
        }

        public void Dispose()
        {
            if (_units is not null)
                ArrayPool<char>.Shared.Return(_units);
            _units = null;
        }
    }
}
