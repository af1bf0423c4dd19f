using Streaming.Core;
using Streaming.Core.Messaging;
using Client = Confluent.Kafka;

namespace Streaming.Adapters.Kafka.Source;

/// <summary>
/// Sends commits from the poll thread, one request at a time, newer ones folded into the next. Waiting for the
/// answer happens beside polling; only a rebalance commits and waits, because nothing is polled meanwhile.
/// </summary>
internal sealed class CommitPump(PartitionTable table, Func<IReadOnlyList<PartitionCommit>, bool, Client.ErrorCode> send, TimeProvider time)
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(200);
    private readonly Lock _gate = new();
    private readonly Dictionary<TopicPartition, long> _pending = [];
    private List<TaskCompletionSource> _waiting = [];
    private List<PartitionCommit>? _sent;
    private List<TaskCompletionSource> _sentWaiting = [];
    private long _notBefore;

    /// <summary>True when something waits to be sent now.</summary>
    public bool IsDue
    {
        get
        {
            lock (_gate)
                return _sent is null && _waiting.Count > 0 && time.GetTimestamp() >= _notBefore;
        }
    }

    /// <summary>Hands in commits; the task ends when they are stored, or when their partitions are someone else's.</summary>
    public Task Enqueue(IReadOnlyList<PartitionCommit> commits)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            Fold(commits);
            _waiting.Add(done);
        }

        return done.Task;
    }

    /// <summary>Poll thread: sends what is due without waiting; the answer comes through <see cref="Answered"/>.</summary>
    public void Send()
    {
        List<PartitionCommit> commits;
        lock (_gate)
        {
            if (_sent is not null || _waiting.Count == 0 || time.GetTimestamp() < _notBefore)
                return;
            commits = TakePending();
            if (commits.Count == 0)
            {
                Finish(_waiting, null);
                _waiting = [];
                return;
            }

            (_sent, _sentWaiting, _waiting) = (commits, _waiting, []);
        }

        var error = send(commits, false);
        if (error != Client.ErrorCode.NoError)
            Answered(error, []);
    }

    /// <summary>Poll thread, within a rebalance: sends everything and waits.</summary>
    public void SendAndWait()
    {
        List<PartitionCommit> commits;
        List<TaskCompletionSource> waiting;
        lock (_gate)
        {
            // The answer to what is under way can't be heard now; committing the same again is harmless.
            if (_sent is not null)
            {
                Fold(_sent);
                _waiting.AddRange(_sentWaiting);
                (_sent, _sentWaiting) = (null, []);
            }

            if (_waiting.Count == 0)
                return;
            commits = TakePending();
            (waiting, _waiting) = (_waiting, []);
        }

        if (commits.Count > 0)
        {
            var error = send(commits, true);
            if (error == Client.ErrorCode.NoError)
                Note(commits);
            else
            {
                KafkaMetrics.CommitsLost.Add(1);
                table.Forget(commits);
            }
        }

        // Whatever went wrong, the partitions are about to go: their next owner reads on from what is stored.
        Finish(waiting, null);
    }

    /// <summary>Poll thread: the answer to the last <see cref="Send"/>.</summary>
    public void Answered(Client.ErrorCode error, IReadOnlyList<(TopicPartition Partition, long Offset, Client.ErrorCode Error)> partitions)
    {
        List<PartitionCommit> sent;
        List<TaskCompletionSource> waiting;
        lock (_gate)
        {
            if (_sent is null || (partitions.Count > 0 && !_sent.Contains(new PartitionCommit(partitions[0].Partition, partitions[0].Offset))))
                return;
            (sent, waiting) = (_sent, _sentWaiting);
            (_sent, _sentWaiting) = (null, []);
        }

        var again = new List<PartitionCommit>();
        StreamingException? fault = null;
        foreach (var commit in sent)
        {
            var code = error;
            foreach (var (partition, _, partitionError) in partitions)
            {
                if (partition == commit.Partition)
                    code = partitionError;
            }

            if (code == Client.ErrorCode.NoError)
                table.Committed(commit.Partition, commit.NextOffset);
            else if (KafkaErrors.IsAuthorization(code))
                fault = KafkaErrors.Authorization("committing offsets of this group", code.ToString());
            else
                again.Add(commit);

            // Refused because the group moves on: it waits for what the rebalance says. A partition that goes takes it along.
            if (KafkaErrors.IsLostCommit(code))
                KafkaMetrics.CommitsLost.Add(1);
        }

        if (again.Count > 0 && fault is null)
        {
            KafkaMetrics.CommitRetries.Add(1);
            lock (_gate)
            {
                Fold(again);
                _waiting.AddRange(waiting);
                _notBefore = time.GetTimestamp() + (long)(RetryDelay.TotalSeconds * time.TimestampFrequency);
            }

            return;
        }

        Finish(waiting, fault);
    }

    /// <summary>These partitions are gone: what was to be committed for them is dropped.</summary>
    public void Drop(IEnumerable<TopicPartition> partitions)
    {
        lock (_gate)
        {
            foreach (var partition in partitions)
                _pending.Remove(partition);
        }
    }

    /// <summary>Nothing more is sent: whoever waits goes on, uncommitted offsets are read again.</summary>
    public void Stop()
    {
        lock (_gate)
        {
            Finish(_waiting, null);
            Finish(_sentWaiting, null);
            (_waiting, _sentWaiting, _sent) = ([], [], null);
            _pending.Clear();
        }
    }

    private static void Finish(List<TaskCompletionSource> waiting, Exception? fault)
    {
        foreach (var done in waiting)
        {
            if (fault is null)
                done.TrySetResult();
            else
                done.TrySetException(fault);
        }
    }

    private void Note(List<PartitionCommit> commits)
    {
        foreach (var commit in commits)
            table.Committed(commit.Partition, commit.NextOffset);
    }

    private void Fold(IReadOnlyList<PartitionCommit> commits)
    {
        foreach (var (partition, next) in commits)
            _pending[partition] = Math.Max(next, _pending.GetValueOrDefault(partition, -1));
    }

    private List<PartitionCommit> TakePending()
    {
        var all = new List<PartitionCommit>(_pending.Count);
        foreach (var (partition, next) in _pending)
            all.Add(new PartitionCommit(partition, next));
        _pending.Clear();
        return table.StillOwned(all);
    }
}
