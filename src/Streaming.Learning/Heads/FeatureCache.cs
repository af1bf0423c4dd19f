using System.Buffers;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Streaming.Learning.Heads;

/// <summary>
/// A feature matrix on disk: rows of bfloat16, a quarter of the size that doubles would take and read back through the page cache, so
/// that training on hundreds of thousands of words needs little memory of its own. Column means and deviations are kept along.
/// </summary>
/// <remarks>Filled by one thread, then sealed; a sealed cache may be read by several at once. Disposing deletes the file.</remarks>
public sealed class FeatureCache : IDisposable
{
    private readonly SafeFileHandle _file;
    private readonly string _path;
    private readonly double[] _sums;
    private readonly double[] _squares;
    private readonly ushort[] _buffer;
    private int _buffered;

    /// <summary>An empty cache.</summary>
    /// <param name="path">File to create; replaced when it exists.</param>
    /// <param name="dimensions">Width of a row.</param>
    public FeatureCache(string path, int dimensions)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(dimensions, 1);
        _path = path;
        Dimensions = dimensions;
        _file = File.OpenHandle(path, FileMode.Create, FileAccess.ReadWrite, FileShare.None, FileOptions.RandomAccess);
        _sums = new double[dimensions];
        _squares = new double[dimensions];
        _buffer = new ushort[Math.Max(1, (1 << 19) / dimensions) * dimensions];
    }

    /// <summary>Width of a row.</summary>
    public int Dimensions { get; }

    /// <summary>Rows so far.</summary>
    public int Rows { get; private set; }

    /// <summary>Appends a row.</summary>
    public void Append(ReadOnlySpan<float> row)
    {
        if (row.Length != Dimensions)
            throw new ArgumentException($"A row has {Dimensions} values, {row.Length} are given.", nameof(row));
        var target = _buffer.AsSpan(_buffered, Dimensions);
        for (var i = 0; i < row.Length; i++)
        {
            var value = row[i];
            _sums[i] += value;
            _squares[i] += (double)value * value;
            target[i] = ToBFloat16(value);
        }

        _buffered += Dimensions;
        Rows++;
        if (_buffered == _buffer.Length)
            Seal();
    }

    /// <summary>Writes out what is buffered; call before reading.</summary>
    public void Seal()
    {
        if (_buffered == 0)
            return;
        var bytes = MemoryMarshal.AsBytes(_buffer.AsSpan(0, _buffered));
        RandomAccess.Write(_file, bytes, ((long)Rows * Dimensions * sizeof(ushort)) - bytes.Length);
        _buffered = 0;
    }

    /// <summary>Mean and standard deviation of a column.</summary>
    public (double Mean, double Deviation) Column(int column)
    {
        if (Rows == 0)
            return (0, 0);
        var mean = _sums[column] / Rows;
        return (mean, Math.Sqrt(Math.Max(0, (_squares[column] / Rows) - (mean * mean))));
    }

    /// <summary>Reads rows.</summary>
    /// <param name="first">First row.</param>
    /// <param name="count">How many.</param>
    /// <param name="destination">Row-major with <paramref name="stride"/> values a row; those beyond the width are left as they are.</param>
    /// <param name="stride">At least <see cref="Dimensions"/>.</param>
    public void Read(int first, int count, Span<float> destination, int stride)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(first);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((long)first + count, Rows);
        var length = count * Dimensions;
        var rented = ArrayPool<ushort>.Shared.Rent(length);
        var bytes = MemoryMarshal.AsBytes(rented.AsSpan(0, length));
        var offset = (long)first * Dimensions * sizeof(ushort);
        for (var done = 0; done < bytes.Length;)
        {
            var read = RandomAccess.Read(_file, bytes[done..], offset + done);
            if (read == 0)
                throw new InvalidOperationException("This is a bug: the feature cache was read before it was sealed.");
            done += read;
        }

        for (var row = 0; row < count; row++)
            DenseKernels.WidenBFloat16(rented.AsSpan(row * Dimensions, Dimensions), destination.Slice(row * stride, Dimensions));
        ArrayPool<ushort>.Shared.Return(rented);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_file.IsClosed)
            return;
        _file.Dispose();
        File.Delete(_path);
    }

    /// <summary>Rounds to the nearest bfloat16, ties to even. Features are finite.</summary>
    internal static ushort ToBFloat16(float value)
    {
        var bits = BitConverter.SingleToUInt32Bits(value);
        return (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }
}
