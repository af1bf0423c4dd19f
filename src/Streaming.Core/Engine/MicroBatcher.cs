using System.Numerics;

namespace Streaming.Core.Engine;

/// <summary>
/// Groups waiting sequences into batches of one model version. A pure state machine: it is told the time and starts nothing.
/// Not safe for concurrent use.
/// </summary>
/// <remarks>
/// <para>Each batch is built around the <b>oldest</b> waiting sequence, from those nearest to it in length, so nothing starves, long or short.
/// It takes neighbours while they fit <c>max_batch_tokens</c> (padded length × sequences) and <c>max_batch_size</c> and padding stays below a tenth.</para>
/// <para>A batch is ready when the oldest has waited <c>max_queue_delay</c>, when enough waits to choose from, when its model version was
/// replaced, or, if the caller is <c>eager</c> (idle, and nothing else is on its way), at once.</para>
/// </remarks>
public sealed class MicroBatcher<T>
{
    /// <summary>Waiting work, in batches, from which a batch is chosen without waiting for more.</summary>
    private const int WindowBatches = 4;

    /// <summary>Lengths from here on share a bucket; such sequences are above every budget and go alone.</summary>
    private const int MaxBucket = 65_536;

    private readonly BatchBudget _budget;
    private readonly long _delay;
    private readonly long _frequency;
    private readonly long _windowTokens;
    private readonly int _windowCount;
    private readonly List<Lane> _lanes = [];
    private Entry[] _entries = new Entry[256];
    private int _free = -1;
    private int _used;

    /// <summary>A batcher of these options.</summary>
    /// <param name="options">Budget and delay.</param>
    /// <param name="frequency">Ticks a second of the timestamps it will be told: <see cref="TimeProvider.TimestampFrequency"/>.</param>
    public MicroBatcher(BatchingOptions options, long frequency)
    {
        _budget = new BatchBudget(options);
        _frequency = frequency;
        _delay = (long)(options.MaxQueueDelay.TotalSeconds * frequency);
        _windowTokens = (long)WindowBatches * _budget.Tokens;
        _windowCount = WindowBatches * options.MaxBatchSize;
    }

    /// <summary>Sequences waiting.</summary>
    public int Count { get; private set; }

    /// <summary>Tokens waiting.</summary>
    public long Tokens { get; private set; }

    /// <summary>Adds a sequence.</summary>
    /// <param name="item">What comes back in a batch.</param>
    /// <param name="length">Its tokens, at least 1.</param>
    /// <param name="version">The model that prepared it; batches never mix two (compared by reference).</param>
    /// <param name="now">Timestamp.</param>
    public void Add(T item, int length, object version, long now)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(length, 1);
        var lane = LaneOf(version);
        var at = Rent();
        _entries[at] = new Entry { Item = item, Length = length, Arrived = now };
        lane.Append(this, at);
        Count++;
        Tokens += length;
    }

    /// <summary>Fills the next batch if one is ready.</summary>
    /// <param name="now">Timestamp.</param>
    /// <param name="eager">Take what is there: waiting would gain nothing.</param>
    /// <param name="batch">Emptied and filled.</param>
    public bool TryTake(long now, bool eager, MicroBatch<T> batch)
    {
        while (_lanes.Count > 1 && _lanes[0].Count == 0)
            _lanes.RemoveAt(0);
        if (Count == 0)
            return false;
        var lane = _lanes[0];
        var ready = eager || _lanes.Count > 1 || lane.Count >= _windowCount || lane.Tokens >= _windowTokens
            || now - _entries[lane.Oldest].Arrived >= _delay;
        if (!ready)
            return false;

        batch.Clear(lane.Version);
        var first = _entries[lane.Oldest].Length;
        Move(lane, lane.Oldest, batch);
        int shorter = Bucket(first), longer = shorter;
        while (true)
        {
            shorter = lane.AtOrBelow(shorter);
            longer = lane.AtOrAbove(longer);
            var down = shorter < 0 ? -1 : lane.Heads[shorter];
            var up = longer < 0 ? -1 : lane.Heads[longer];
            var canDown = down >= 0 && IsWorth(batch, _entries[down].Length);
            var canUp = up >= 0 && IsWorth(batch, _entries[up].Length);
            if (!canDown && !canUp)
                return true;

            // The side that costs less padding: one short row, or every row so far made longer.
            var takeDown = canDown && (!canUp
                || batch.PaddedLength - _entries[down].Length <= (_entries[up].Length - batch.PaddedLength) * (long)batch.Count);
            Move(lane, takeDown ? down : up, batch);
        }
    }

    /// <summary>How long until the oldest must go; zero when it must now, null when nothing waits.</summary>
    public TimeSpan? DueIn(long now)
    {
        if (Count == 0)
            return null;
        foreach (var lane in _lanes)
        {
            if (lane.Count == 0)
                continue;
            var left = _entries[lane.Oldest].Arrived + _delay - now;
            return left <= 0 ? TimeSpan.Zero : TimeSpan.FromSeconds((double)left / _frequency);
        }

        return null;
    }

    private bool IsWorth(MicroBatch<T> batch, int length)
    {
        var padded = Math.Max(batch.PaddedLength, length);
        var count = batch.Count + 1;
        return _budget.Fits(padded, count) && !BatchBudget.IsWasteful(padded, count, batch.Tokens + length);
    }

    private void Move(Lane lane, int at, MicroBatch<T> batch)
    {
        ref var entry = ref _entries[at];
        batch.Add(entry.Item, entry.Length);
        lane.Remove(this, at);
        Count--;
        Tokens -= entry.Length;
        entry = new Entry { Next = _free };
        _free = at;
    }

    private int Rent()
    {
        if (_free >= 0)
        {
            var at = _free;
            _free = _entries[at].Next;
            return at;
        }

        if (_used == _entries.Length)
            Array.Resize(ref _entries, _entries.Length * 2);
        return _used++;
    }

    private Lane LaneOf(object version)
    {
        // From the newest: a swap is rare, and late documents of the old version find their own.
        for (var i = _lanes.Count - 1; i >= 0; i--)
        {
            if (ReferenceEquals(_lanes[i].Version, version))
                return _lanes[i];
        }

        var lane = new Lane(version);
        _lanes.Add(lane);
        return lane;
    }

    private static int Bucket(int length) => Math.Min(length, MaxBucket);

    private struct Entry
    {
        public T Item;
        public int Length;
        public long Arrived;
        public int Next;
        public int Previous;
        public int NextSame;
    }

    /// <summary>What waits for one model version: a list by age and, for every length, a queue; a bitmap says which have any.</summary>
    private sealed class Lane(object version)
    {
        private int[] _tails = [];
        private ulong[] _filled = [];
        private int _newest = -1;

        public object Version { get; } = version;

        public int[] Heads { get; private set; } = [];

        public int Oldest { get; private set; } = -1;

        public int Count { get; private set; }

        public long Tokens { get; private set; }

        public void Append(MicroBatcher<T> owner, int at)
        {
            ref var entry = ref owner._entries[at];
            entry.Next = -1;
            entry.Previous = _newest;
            entry.NextSame = -1;
            if (_newest < 0)
                Oldest = at;
            else
                owner._entries[_newest].Next = at;
            _newest = at;

            var bucket = Bucket(entry.Length);
            if (bucket >= Heads.Length)
                Grow(bucket + 1);
            if (Heads[bucket] < 0)
                Heads[bucket] = at;
            else
                owner._entries[_tails[bucket]].NextSame = at;
            _tails[bucket] = at;
            _filled[bucket >> 6] |= 1UL << bucket;
            Count++;
            Tokens += entry.Length;
        }

        /// <summary>Takes out the first of its length's queue; the oldest of all always is that.</summary>
        public void Remove(MicroBatcher<T> owner, int at)
        {
            ref var entry = ref owner._entries[at];
            if (entry.Previous < 0)
                Oldest = entry.Next;
            else
                owner._entries[entry.Previous].Next = entry.Next;
            if (entry.Next < 0)
                _newest = entry.Previous;
            else
                owner._entries[entry.Next].Previous = entry.Previous;

            var bucket = Bucket(entry.Length);
            Heads[bucket] = entry.NextSame;
            if (entry.NextSame < 0)
                _filled[bucket >> 6] &= ~(1UL << bucket);
            Count--;
            Tokens -= entry.Length;
        }

        public int AtOrBelow(int bucket)
        {
            if (bucket < 0)
                return -1;
            var word = bucket >> 6;
            var bits = _filled[word] & (ulong.MaxValue >> (63 - (bucket & 63)));
            while (bits == 0)
            {
                if (--word < 0)
                    return -1;
                bits = _filled[word];
            }

            return (word << 6) + 63 - BitOperations.LeadingZeroCount(bits);
        }

        public int AtOrAbove(int bucket)
        {
            if (bucket < 0)
                return -1;
            var word = bucket >> 6;
            var bits = _filled[word] & (ulong.MaxValue << (bucket & 63));
            while (bits == 0)
            {
                if (++word >= _filled.Length)
                    return -1;
                bits = _filled[word];
            }

            return (word << 6) + BitOperations.TrailingZeroCount(bits);
        }

        private void Grow(int least)
        {
            var before = Heads.Length;
            var size = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(128, least));
            var heads = Heads;
            Array.Resize(ref heads, size);
            Array.Fill(heads, -1, before, size - before);
            Heads = heads;
            Array.Resize(ref _tails, size);
            Array.Resize(ref _filled, size >> 6);
        }
    }
}
