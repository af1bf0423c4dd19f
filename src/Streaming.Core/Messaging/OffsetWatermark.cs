using System.Numerics;

namespace Streaming.Core.Messaging;

/// <summary>
/// What one assignment of one partition has delivered and finished. The watermark is the lowest unfinished offset:
/// everything below it is done. Not safe for concurrent use; <see cref="OffsetTracker"/> is.
/// </summary>
/// <remarks>A ring of offsets with a bit each. It grows with what is in flight and then allocates nothing a message.</remarks>
public sealed class OffsetWatermark
{
    private long[] _offsets = new long[64];
    private ulong[] _done = new ulong[1];
    private long _head; // position of the lowest unfinished message
    private long _tail; // position of the next message; positions map to slots by masking
    private long _next; // the offset after the last one tracked

    /// <summary>A partition from which everything below <paramref name="nextOffset"/> is done.</summary>
    public OffsetWatermark(long nextOffset)
    {
        _next = nextOffset;
        Committed = nextOffset;
    }

    /// <summary>Everything below is done; reading may resume here.</summary>
    public long Value => _head == _tail ? _next : _offsets[Slot(_head)];

    /// <summary>The highest watermark that has been taken for a commit.</summary>
    public long Committed { get; private set; }

    /// <summary>Messages from the lowest unfinished to the last delivered; finished ones above a gap count.</summary>
    public int Span => (int)(_tail - _head);

    /// <summary>Messages delivered and not finished.</summary>
    public int Unfinished { get; private set; }

    /// <summary>Notes a delivered message. Offsets rise; gaps are fine.</summary>
    public void Track(long offset)
    {
        if (offset < _next)
            throw new InvalidOperationException($"this is a bug: a source delivered offset {offset} after {_next - 1} in the same assignment");
        if (_tail - _head == _offsets.Length)
            Grow();
        var slot = Slot(_tail);
        _offsets[slot] = offset;
        _done[slot >> 6] &= ~(1UL << slot);
        _tail++;
        _next = offset + 1;
        Unfinished++;
    }

    /// <summary>Notes a finished message.</summary>
    public void Complete(long offset)
    {
        var slot = Find(offset);
        if (slot < 0 || (_done[slot >> 6] & (1UL << slot)) != 0)
            throw new InvalidOperationException($"this is a bug: offset {offset} was finished but is not in flight");
        _done[slot >> 6] |= 1UL << slot;
        Unfinished--;
        while (_head < _tail)
        {
            // Whole words of finished messages are stepped over at once.
            slot = Slot(_head);
            var run = BitOperations.TrailingZeroCount(~(_done[slot >> 6] >> slot));
            if (run == 0)
                return;
            _head = Math.Min(_tail, _head + Math.Min(run, 64 - (slot & 63)));
        }
    }

    /// <summary>The watermark if it has risen since it was last taken.</summary>
    public bool TryTake(out long nextOffset)
    {
        nextOffset = Value;
        if (nextOffset <= Committed)
            return false;
        Committed = nextOffset;
        return true;
    }

    /// <summary>Takes back a <see cref="TryTake"/> whose commit did not happen.</summary>
    public void Untake(long committed) => Committed = Math.Min(Committed, committed);

    private int Slot(long position) => (int)(position & (_offsets.Length - 1));

    private int Find(long offset)
    {
        long low = _head, high = _tail - 1;
        while (low <= high)
        {
            var middle = low + ((high - low) >> 1);
            var slot = Slot(middle);
            var at = _offsets[slot];
            if (at == offset)
                return slot;
            if (at < offset)
                low = middle + 1;
            else
                high = middle - 1;
        }

        return -1;
    }

    private void Grow()
    {
        var offsets = new long[_offsets.Length * 2];
        var done = new ulong[offsets.Length >> 6];
        for (var position = _head; position < _tail; position++)
        {
            var from = Slot(position);
            var to = (int)(position & (offsets.Length - 1));
            offsets[to] = _offsets[from];
            if ((_done[from >> 6] & (1UL << from)) != 0)
                done[to >> 6] |= 1UL << to;
        }

        _offsets = offsets;
        _done = done;
    }
}
