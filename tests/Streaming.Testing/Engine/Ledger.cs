using Streaming.Contracts;
using Streaming.Core.Messaging;
using Streaming.Testing.Fakes;

namespace Streaming.Testing.Engine;

/// <summary>How a message ended.</summary>
public enum Terminal
{
    /// <summary>Acknowledged by the index (applied, or superseded by a newer version).</summary>
    Indexed,

    /// <summary>Acknowledged by the dead letters.</summary>
    DeadLettered,

    /// <summary>Acknowledged delete.</summary>
    Deleted,
}

/// <summary>
/// The oracle of delivery: knows every input, hears every acknowledgement and every commit, and lists what must never be:
/// a commit above an unfinished message, a message lost, a message in two terminal states.
/// </summary>
public sealed class Ledger
{
    private readonly Lock _lock = new();
    private readonly Dictionary<(TopicPartition, long), Entry> _entries = [];
    private readonly Dictionary<TopicPartition, SortedSet<long>> _unfinished = [];
    private readonly Dictionary<(string Id, long Offset), (TopicPartition, long)> _byId = [];
    private readonly List<string> _violations = [];

    /// <summary>What must never be and was, in the order it happened.</summary>
    public IReadOnlyList<string> Violations
    {
        get
        {
            lock (_lock)
                return [.. _violations];
        }
    }

    /// <summary>Acknowledgements beyond the first of a message: replays.</summary>
    public int Replays { get; private set; }

    /// <summary>An input; a filtered one needs no acknowledgement.</summary>
    public void Expect(TopicPartition partition, long offset, string id, bool isFiltered)
    {
        lock (_lock)
        {
            _entries.Add((partition, offset), new Entry());
            _byId[(id, offset)] = (partition, offset);
            if (isFiltered)
                return;
            if (!_unfinished.TryGetValue(partition, out var open))
                _unfinished.Add(partition, open = []);
            open.Add(offset);
        }
    }

    /// <summary>An acknowledgement of a document or delete.</summary>
    public void Acknowledge(string id, long version, EnrichedDocument? document)
    {
        // The version carries the offset: see DocumentVersion.
        var offset = ((version >> 8) & ((1L << 40) - 1)) - 1;
        (TopicPartition, long) place;
        lock (_lock)
        {
            if (!_byId.TryGetValue((id, offset), out place))
            {
                _violations.Add($"a write of {id} at {Make.Number(offset)}, which was never an input");
                return;
            }
        }

        if (document is not null && (document.Lineage.Offset != offset || document.Lineage.Partition != place.Item1.Partition))
            Violate($"{id} carries the lineage of another message");
        End(place, document is null ? Terminal.Deleted : Terminal.Indexed);
    }

    /// <summary>An acknowledgement of a dead letter.</summary>
    public void Acknowledge(DeadLetter letter) => End((new TopicPartition(letter.Topic, letter.Partition), letter.Offset), Terminal.DeadLettered);

    /// <summary>A commit: everything below must be finished.</summary>
    public void Commit(PartitionCommit commit, string by)
    {
        lock (_lock)
        {
            if (_unfinished.TryGetValue(commit.Partition, out var open) && open.Count > 0 && open.Min < commit.NextOffset)
                _violations.Add($"{by} committed {commit.Partition} to {Make.Number(commit.NextOffset)} although {Make.Number(open.Min)} is unfinished");
        }
    }

    /// <summary>The lowest offset without an acknowledgement.</summary>
    public long LowestUnfinished(TopicPartition partition)
    {
        lock (_lock)
            return _unfinished.TryGetValue(partition, out var open) && open.Count > 0 ? open.Min : long.MaxValue;
    }

    /// <summary>Notes something that must never be.</summary>
    public void Violate(string what)
    {
        lock (_lock)
            _violations.Add(what);
    }

    /// <summary>Everything that is wrong at the end; empty when nothing is.</summary>
    public IReadOnlyList<string> Audit()
    {
        lock (_lock)
        {
            var found = new List<string>(_violations);
            foreach (var (partition, open) in _unfinished)
            {
                foreach (var offset in open)
                    found.Add($"lost: {partition} at {Make.Number(offset)}");
            }

            return found;
        }
    }

    /// <summary>How many inputs ended so.</summary>
    public int Count(Terminal terminal)
    {
        lock (_lock)
            return _entries.Values.Count(entry => entry.Terminal == terminal);
    }

    private void End((TopicPartition Partition, long Offset) place, Terminal terminal)
    {
        lock (_lock)
        {
            if (!_entries.TryGetValue(place, out var entry))
            {
                _violations.Add($"{place.Partition} at {Make.Number(place.Offset)} ended and was never an input");
                return;
            }

            if (entry.Terminal is { } before)
            {
                Replays++;
                if (before != terminal)
                    _violations.Add($"{place.Partition} at {Make.Number(place.Offset)} is both {before} and {terminal}");
                return;
            }

            entry.Terminal = terminal;
            if (_unfinished.TryGetValue(place.Partition, out var open))
                open.Remove(place.Offset);
        }
    }

    private sealed class Entry
    {
        public Terminal? Terminal { get; set; }
    }
}
