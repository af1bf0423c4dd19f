using System.Buffers;

namespace Streaming.Cli.CommandLine;

/// <summary>
/// Cuts a stream of bytes into lines in one pass: at LF, a CR before it belongs to the line end, the last line may lack both.
/// Nothing is decoded. A line beyond the limit is passed over and reported with its length alone.
/// </summary>
/// <remarks>Not safe for concurrent use. The buffer is pooled; <see cref="Dispose"/> gives it back and leaves the stream open.</remarks>
internal sealed class LineReader(Stream stream, int maxLineBytes, int bufferBytes = 128 * 1024) : IDisposable
{
    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(bufferBytes);
    private int _start;
    private int _scanned;
    private int _end;
    private bool _ended;

    /// <summary>Number of the current line, from 1.</summary>
    public long Number { get; private set; }

    /// <summary>Bytes of lines and line ends so far.</summary>
    public long BytesRead { get; private set; }

    /// <summary>The current line without its end; valid until the next call. Empty when it was too long.</summary>
    public ReadOnlyMemory<byte> Line { get; private set; }

    /// <summary>Length of the current line in bytes when it was beyond the limit, else 0.</summary>
    public long PassedOver { get; private set; }

    /// <summary>Goes to the next line.</summary>
    /// <returns>False at the end of the stream.</returns>
    public async ValueTask<bool> ReadAsync(CancellationToken cancellationToken)
    {
        PassedOver = 0;
        while (true)
        {
            var found = _buffer.AsSpan(_scanned, _end - _scanned).IndexOf((byte)'\n');
            if (found >= 0)
                return Take(_scanned + found, lineEnd: 1);
            _scanned = _end;
            if (_ended)
                return _start < _end && Take(_end, lineEnd: 0);
            if (_end - _start > maxLineBytes + 1L)
                return await PassOverAsync(cancellationToken);
            MakeRoom();
            await FillAsync(cancellationToken);
        }
    }

    /// <summary>What lies ahead, without taking it: the beginning of the stream, as far as it has arrived.</summary>
    public async ValueTask<ReadOnlyMemory<byte>> PeekAsync(CancellationToken cancellationToken)
    {
        if (_start == _end && !_ended)
            await FillAsync(cancellationToken);
        return _buffer.AsMemory(_start, _end - _start);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
        _start = _scanned = _end = 0;
        _ended = true;
    }

    private bool Take(int end, int lineEnd)
    {
        var length = end - _start;
        if (lineEnd > 0 && length > 0 && _buffer[end - 1] == (byte)'\r')
            length--;
        Number++;
        BytesRead += end - _start + lineEnd;
        if (length > maxLineBytes)
            (Line, PassedOver) = (default, length);
        else
            Line = _buffer.AsMemory(_start, length);
        _start = _scanned = end + lineEnd;
        return true;
    }

    private async ValueTask<bool> PassOverAsync(CancellationToken cancellationToken)
    {
        long length = 0;
        while (true)
        {
            var found = _buffer.AsSpan(_start, _end - _start).IndexOf((byte)'\n');
            if (found >= 0 || _ended)
            {
                var rest = found >= 0 ? found : _end - _start;
                length += rest;
                _start += found >= 0 ? rest + 1 : rest;
                _scanned = _start;
                Number++;
                BytesRead += length + (found >= 0 ? 1 : 0);
                (Line, PassedOver) = (default, length);
                return true;
            }

            length += _end - _start;
            _start = _scanned = _end = 0;
            await FillAsync(cancellationToken);
        }
    }

    private void MakeRoom()
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _scanned -= _start;
            _end -= _start;
            _start = 0;
        }

        if (_end < _buffer.Length)
            return;
        var larger = ArrayPool<byte>.Shared.Rent((int)Math.Min(Array.MaxLength, _buffer.Length * 2L));
        _buffer.AsSpan(0, _end).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = larger;
    }

    private async ValueTask FillAsync(CancellationToken cancellationToken)
    {
        if (_start == _end)
            _start = _scanned = _end = 0;
        var read = await stream.ReadAsync(_buffer.AsMemory(_end), cancellationToken);
        _end += read;
        _ended = read == 0;
    }
}
