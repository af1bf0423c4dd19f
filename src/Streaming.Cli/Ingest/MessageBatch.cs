using System.Buffers;
using Streaming.Contracts;
using Streaming.Core.Messaging;

namespace Streaming.Cli.Ingest;

/// <summary>Messages to be written together, their bytes copied into one pooled array.</summary>
internal sealed class MessageBatch : IDisposable
{
    private readonly List<Item> _items = [];
    private byte[] _bytes = ArrayPool<byte>.Shared.Rent(64 * 1024);
    private int _used;

    /// <summary>Number of messages.</summary>
    public int Count => _items.Count;

    /// <summary>Their bytes.</summary>
    public int Bytes => _used;

    /// <summary>Line that a message came from.</summary>
    public long LineOf(int index) => _items[index].Line;

    /// <summary>Adds a copy of a message.</summary>
    public void Add(long line, OutgoingMessage message)
    {
        var key = message.Key is { } k ? Copy(k.Span) : (-1, 0);
        _items.Add(new Item(line, key, Copy(message.Value.GetValueOrDefault().Span), message.Headers));
    }

    /// <summary>The messages; valid until <see cref="Clear"/>.</summary>
    public IReadOnlyList<OutgoingMessage> Messages()
    {
        var messages = new OutgoingMessage[_items.Count];
        for (var i = 0; i < messages.Length; i++)
        {
            var item = _items[i];
            messages[i] = new OutgoingMessage
            {
                Key = item.Key.Start < 0 ? default(ReadOnlyMemory<byte>?) : new ReadOnlyMemory<byte>(_bytes, item.Key.Start, item.Key.Length),
                Value = new ReadOnlyMemory<byte>(_bytes, item.Value.Start, item.Value.Length),
                Headers = item.Headers,
            };
        }

        return messages;
    }

    /// <summary>Forgets the messages, keeps the room.</summary>
    public void Clear()
    {
        _items.Clear();
        _used = 0;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Clear();
        ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = [];
    }

    private (int Start, int Length) Copy(ReadOnlySpan<byte> bytes)
    {
        if (_bytes.Length - _used < bytes.Length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(_bytes.Length * 2, _used + bytes.Length));
            _bytes.AsSpan(0, _used).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_bytes);
            _bytes = larger;
        }

        bytes.CopyTo(_bytes.AsSpan(_used));
        _used += bytes.Length;
        return (_used - bytes.Length, bytes.Length);
    }

    private readonly record struct Item(long Line, (int Start, int Length) Key, (int Start, int Length) Value, IReadOnlyList<MessageHeader> Headers);
}
