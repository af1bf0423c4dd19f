using Streaming.Core.Messaging;

namespace Streaming.Cli.Benchmarks;

/// <summary>A file's lines as messages of one partition, read as they are asked for: memory does not grow with the file.</summary>
/// <param name="file">The file.</param>
/// <param name="repeat">How often it is read from beginning to end.</param>
/// <param name="limit">Most messages.</param>
internal sealed class JsonLinesSource(string file, int repeat, long limit) : IMessageSource
{
    private static readonly TopicPartition Partition = new("bench", 0);

    private readonly LineReader _lines = new(file);
    private int _left = repeat;
    private long _next;
    private bool _isEmpty = true;

    /// <summary>Everything below this offset is done.</summary>
    public long Committed { get; private set; }

    /// <summary>A line as a message.</summary>
    public static SourceMessage Message(byte[] line, long offset) =>
        new() { Partition = Partition, Offset = offset, Epoch = 1, Value = line, Timestamp = DateTimeOffset.UnixEpoch };

    /// <inheritdoc/>
    public ValueTask StartAsync(IAssignmentListener listener, CancellationToken cancellationToken)
    {
        listener.OnAssigned([new PartitionCommit(Partition, 0)], 1);
        return default;
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<SourceMessage>> ReadAsync(int maxMessages, long maxBytes, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var messages = new List<SourceMessage>();
        long bytes = 0;
        while (messages.Count < maxMessages && bytes < maxBytes && _next < limit && Line() is { } line)
        {
            messages.Add(Message(line, _next++));
            bytes += line.Length;
        }

        return new ValueTask<IReadOnlyList<SourceMessage>>(messages);
    }

    /// <inheritdoc/>
    public ValueTask CommitAsync(IReadOnlyList<PartitionCommit> commits, CancellationToken cancellationToken)
    {
        Committed = commits[^1].NextOffset;
        return default;
    }

    /// <inheritdoc/>
    public ValueTask<SourceLag> GetLagAsync(CancellationToken cancellationToken) => new(new SourceLag(_next - Committed, null));

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _lines.Dispose();
        return default;
    }

    private byte[]? Line()
    {
        while (_left > 0)
        {
            if (_lines.Next() is { } line)
            {
                _isEmpty = false;
                return line;
            }

            // A file without a line would be read for ever.
            if (_isEmpty)
                return null;
            _left--;
            _lines.Rewind();
        }

        return null;
    }
}
