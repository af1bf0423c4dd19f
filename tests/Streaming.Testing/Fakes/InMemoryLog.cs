using System.Text;
using Streaming.Contracts;
using Streaming.Core.Messaging;
using Streaming.Testing.Engine;

namespace Streaming.Testing.Fakes;

/// <summary>
/// A log of one topic with one consumer group, in memory. It outlives the engines that read it, as a broker does, and
/// tells the ledger of every input and commit.
/// </summary>
public sealed class InMemoryLog(int partitions = 1, string topic = "raw", Ledger? ledger = null)
{
    private readonly Lock _lock = new();
    private readonly List<SourceMessage>[] _messages = [.. Enumerable.Range(0, partitions).Select(_ => new List<SourceMessage>())];
    private readonly long[] _committed = new long[partitions];
    private readonly InMemorySource?[] _owners = new InMemorySource?[partitions];
    private readonly int[] _epochs = new int[partitions];
    private readonly List<InMemorySource> _members = [];
    private int _epoch;

    /// <summary>The oracle that listens.</summary>
    public Ledger Ledger { get; } = ledger ?? new Ledger();

    /// <summary>Partitions of the topic.</summary>
    public int Partitions => partitions;

    /// <summary>Name of the topic.</summary>
    public string Topic => topic;

    /// <summary>Sum of committed offsets.</summary>
    public long TotalCommitted
    {
        get
        {
            lock (_lock)
                return _committed.Sum();
        }
    }

    /// <summary>Messages in it.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
                return _messages.Sum(list => list.Count);
        }
    }

    /// <summary>A partition by number.</summary>
    public TopicPartition Partition(int number) => new(topic, number);

    /// <summary>Everything below is committed.</summary>
    public long Committed(int partition)
    {
        lock (_lock)
            return _committed[partition];
    }

    /// <summary>The offset after the last message.</summary>
    public long End(int partition)
    {
        lock (_lock)
            return _messages[partition].Count == 0 ? 0 : _messages[partition][^1].Offset + 1;
    }

    /// <summary>Appends; a gap leaves so many offsets out before it.</summary>
    public long Append(ReadOnlyMemory<byte>? value, string? key = null, int partition = 0, int gap = 0, bool isFiltered = false, IReadOnlyList<MessageHeader>? headers = null)
    {
        List<InMemorySource> members;
        long offset;
        lock (_lock)
        {
            var list = _messages[partition];
            offset = (list.Count == 0 ? 0 : list[^1].Offset + 1) + gap;
            var place = Partition(partition);
            Ledger.Expect(place, offset, key ?? $"{topic}-{Make.Number(partition)}-{Make.Number(offset)}", isFiltered);
            list.Add(new SourceMessage
            {
                Partition = place,
                Offset = offset,
                Key = key is null ? (ReadOnlyMemory<byte>?)null : Encoding.UTF8.GetBytes(key),
                Value = value,
                Headers = headers ?? [],
                Timestamp = Make.Noon.AddMilliseconds(offset),
            });
            members = [.. _members];
        }

        foreach (var member in members)
            member.Wake();
        return offset;
    }

    /// <summary>Appends a text.</summary>
    public long Append(string? text, string? key = null, int partition = 0, int gap = 0, bool isFiltered = false) =>
        Append(text is null ? (ReadOnlyMemory<byte>?)null : Encoding.UTF8.GetBytes(text), key, partition, gap, isFiltered);

    /// <summary>A consumer. Without partitions named it gets those nobody has.</summary>
    /// <param name="endsAtEnd">Its reads end when everything has been delivered.</param>
    /// <param name="take">Partitions it starts with; null: all that are free.</param>
    /// <param name="revokeTimeout">How long a revocation waits for the drain; null: 2 min.</param>
    public InMemorySource Consume(bool endsAtEnd = true, IReadOnlyList<int>? take = null, TimeSpan? revokeTimeout = null) =>
        new(this, endsAtEnd, take) { RevokeTimeout = revokeTimeout ?? TimeSpan.FromMinutes(2) };

    /// <summary>A partition moves: the owner drains it first, or, when lost, hears of it only after the new owner has it.</summary>
    public void Move(int partition, InMemorySource to, bool lost)
    {
        InMemorySource? from;
        lock (_lock)
            from = _owners[partition];
        if (from == to)
            return;
        if (from is null || from.IsClosed)
        {
            Give(partition, to);
        }
        else if (lost)
        {
            Give(partition, to);
            from.Tell(new Rebalance(partition, null));
        }
        else
        {
            from.Tell(new Rebalance(partition, to));
        }
    }

    internal void Join(InMemorySource member, IReadOnlyList<int>? take)
    {
        lock (_lock)
            _members.Add(member);
        for (var partition = 0; partition < partitions; partition++)
        {
            bool free;
            lock (_lock)
                free = _owners[partition] is null || _owners[partition]!.IsClosed;
            if (take is null ? free : take.Contains(partition))
                Give(partition, member);
        }
    }

    internal void Leave(InMemorySource member)
    {
        lock (_lock)
        {
            _members.Remove(member);
            for (var partition = 0; partition < partitions; partition++)
            {
                if (_owners[partition] == member)
                    _owners[partition] = null;
            }
        }
    }

    internal bool Owns(InMemorySource member, int partition)
    {
        lock (_lock)
            return _owners[partition] == member;
    }

    internal void Give(int partition, InMemorySource to)
    {
        int epoch;
        PartitionCommit from;
        lock (_lock)
        {
            _owners[partition] = to;
            epoch = _epochs[partition] = ++_epoch;
            from = new PartitionCommit(Partition(partition), _committed[partition]);
        }

        to.Tell(new Rebalance(partition, to, from, epoch));
    }

    internal int Fetch(int partition, long from, int most, long bytes, int epoch, List<SourceMessage> into)
    {
        lock (_lock)
        {
            var list = _messages[partition];
            int low = 0, high = list.Count;
            while (low < high)
            {
                var middle = (low + high) / 2;
                if (list[middle].Offset < from)
                    low = middle + 1;
                else
                    high = middle;
            }

            var count = 0;
            for (; low < list.Count && count < most && bytes > 0; low++, count++)
            {
                var message = list[low];
                bytes -= message.SizeInBytes;
                into.Add(new SourceMessage
                {
                    Partition = message.Partition,
                    Offset = message.Offset,
                    Epoch = epoch,
                    Key = message.Key,
                    Value = message.Value,
                    Headers = message.Headers,
                    Timestamp = message.Timestamp,
                });
            }

            return count;
        }
    }

    internal void Store(InMemorySource by, PartitionCommit commit)
    {
        lock (_lock)
        {
            var number = commit.Partition.Partition;
            // As a broker fences by generation: a consumer that got a partition back, and has not heard of it, still acts for its old assignment.
            if (_owners[number] != by || by.Start(number, _epochs[number]) is not { } start)
            {
                // A broker refuses it. Below the fence it was only under way while the partition went; above it is late work.
                if (by.Fence(number) is { } fence && commit.NextOffset > fence)
                    Ledger.Violate($"{commit.Partition} was committed to {Make.Number(commit.NextOffset)} by a consumer that had lost it");
                return;
            }

            // Taken under an older assignment and under way while the partition went and came back.
            if (commit.NextOffset < start)
                return;
            Ledger.Commit(commit, by.Name);
            if (commit.NextOffset < _committed[number])
                Ledger.Violate($"the commit of {commit.Partition} went back");
            _committed[number] = commit.NextOffset;
        }
    }

    internal long Behind(InMemorySource member)
    {
        long behind = 0;
        lock (_lock)
        {
            for (var partition = 0; partition < partitions; partition++)
            {
                if (_owners[partition] == member)
                    behind += _messages[partition].Count(message => message.Offset >= _committed[partition]);
            }
        }

        return behind;
    }

    /// <summary>Stores a commit that came with a transaction.</summary>
    internal void StoreTransactional(PartitionCommit commit)
    {
        lock (_lock)
        {
            Ledger.Commit(commit, "a transaction");
            if (commit.NextOffset < _committed[commit.Partition.Partition])
                Ledger.Violate($"the commit of {commit.Partition} went back");
            _committed[commit.Partition.Partition] = commit.NextOffset;
        }
    }
}

/// <summary>News for a member: a partition comes (with its place and epoch), goes to another, or is gone.</summary>
internal sealed record Rebalance(int Partition, InMemorySource? To, PartitionCommit From = default, int Epoch = 0);
