using Streaming.Core;

namespace Streaming.Cli.Benchmarks;

/// <summary>Lines of a file as bytes, one at a time; empty ones are passed over.</summary>
internal sealed class LineReader(string file) : IDisposable
{
    private const int MaxLine = 256 * 1024 * 1024;

    private readonly FileStream _stream = new(file, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, FileOptions.SequentialScan);
    private byte[] _buffer = new byte[64 * 1024];
    private int _start, _end;

    /// <summary>The next line without its end, owned by the caller; null at the end.</summary>
    public byte[]? Next()
    {
        var scanned = 0;
        while (true)
        {
            var window = _buffer.AsSpan(_start, _end - _start);
            var at = window[scanned..].IndexOf((byte)'\n');
            if (at >= 0)
            {
                var line = Trim(window[..(scanned + at)]);
                _start += scanned + at + 1;
                scanned = 0;
                if (line.Length > 0)
                    return line.ToArray();
                continue;
            }

            scanned = window.Length;
            if (Fill())
                continue;
            var last = Trim(_buffer.AsSpan(_start, _end - _start));
            _start = _end;
            return last.Length > 0 ? last.ToArray() : null;
        }
    }

    /// <summary>Starts again.</summary>
    public void Rewind()
    {
        _stream.Position = 0;
        (_start, _end) = (0, 0);
    }

    /// <inheritdoc/>
    public void Dispose() => _stream.Dispose();

    private static ReadOnlySpan<byte> Trim(ReadOnlySpan<byte> line) => line.TrimEnd((byte)'\r');

    private bool Fill()
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }

        if (_end == _buffer.Length)
        {
            if (_buffer.Length >= MaxLine)
                throw new StreamingException("input_line_too_long", $"a line of '{Path.GetFileName(file)}' is longer than {MaxLine} bytes");
            Array.Resize(ref _buffer, _buffer.Length * 2);
        }

        var read = _stream.Read(_buffer, _end, _buffer.Length - _end);
        _end += read;
        return read > 0;
    }
}
