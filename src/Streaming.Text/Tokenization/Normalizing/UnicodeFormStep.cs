using System.Runtime.InteropServices;

namespace Streaming.Text.Tokenization.Normalizing;

/// <summary>NFC, NFD, NFKC or NFKD with alignment (Unicode Standard Annex 15).</summary>
/// <param name="compatible">Compatibility decompositions too (the forms with a K).</param>
/// <param name="compose">Composes again (the forms with a C).</param>
internal sealed class UnicodeFormStep(bool compatible, bool compose) : INormalizingStep
{
    /// <summary>Longer runs of combining marks are sorted all the same, but in a list of their own, not on the stack.</summary>
    private readonly record struct Piece(int Class, int Order, int Scalar, int Change) : IComparable<Piece>
    {
        public int CompareTo(Piece other) => Class != other.Class ? Class.CompareTo(other.Class) : Order.CompareTo(other.Order);
    }

    /// <inheritdoc/>
    public void Apply(NormalizedText text)
    {
        var scalars = text.Scalars;
        var changed = false;
        foreach (var scalar in scalars)
        {
            if (!UnicodeForms.IsInert(scalar))
            {
                changed = true;
                break;
            }
        }

        if (!changed)
            return;
        var writer = new Writer(text, UnicodeForms.Shared, compose);
        Span<int> room = stackalloc int[24];
        var pending = new List<Piece>();
        text.Begin();
        foreach (var scalar in scalars)
        {
            if (UnicodeForms.IsInert(scalar))
            {
                Flush(pending, ref writer);
                writer.Put(scalar, 0, 0);
                continue;
            }

            var count = UnicodeForms.Shared.Decompose(scalar, compatible, room);
            for (var i = 0; i < count; i++)
            {
                var type = UnicodeForms.Shared.ClassOf(room[i]);
                if (type == 0)
                    Flush(pending, ref writer);
                if (type == 0)
                    writer.Put(room[i], i == 0 ? 0 : 1, 0);
                else
                    pending.Add(new Piece(type, pending.Count, room[i], i == 0 ? 0 : 1));
            }
        }

        Flush(pending, ref writer);
        writer.Finish();
        text.End();
    }

    private static void Flush(List<Piece> pending, ref Writer writer)
    {
        if (pending.Count == 0)
            return;
        pending.Sort();
        foreach (ref readonly var piece in CollectionsMarshal.AsSpan(pending))
            writer.Put(piece.Scalar, piece.Change, piece.Class);
        pending.Clear();
    }

    /// <summary>Takes decomposed scalars in canonical order and writes them, composed if asked.</summary>
    private struct Writer(NormalizedText text, UnicodeForms forms, bool compose)
    {
        private readonly List<(int Scalar, int Change)> _marks = [];
        private (int Scalar, int Change) _base;
        private bool _hasBase;
        private int _lastClass = -1;

        internal void Put(int scalar, int change, int type)
        {
            if (!compose)
            {
                text.Put(scalar, change);
                return;
            }

            if (!_hasBase)
            {
                if (type != 0)
                    text.Put(scalar, change);
                else
                    (_base, _hasBase) = ((scalar, change), true);
                return;
            }

            var isBlocked = _lastClass >= type;
            if (!isBlocked && forms.Compose(_base.Scalar, scalar) is var composed and >= 0)
            {
                _base = (composed, _base.Change + change - 1);
                return;
            }

            if (type == 0)
            {
                Finish();
                (_base, _hasBase) = ((scalar, change), true);
                return;
            }

            _marks.Add((scalar, change));
            _lastClass = type;
        }

        internal void Finish()
        {
            if (_hasBase)
                text.Put(_base.Scalar, _base.Change);
            foreach (var (scalar, change) in _marks)
                text.Put(scalar, change);
            _marks.Clear();
            _hasBase = false;
            _lastClass = -1;
        }
    }
}
