using System.Buffers;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Streaming.Learning.Heads;

/// <summary>
/// A feature matrix on disk: rows of bfloat16, a quarter of the size that doubles would take and read back through the page cache, so
/// that training on hundreds of thousands of words needs little memory of its own. Column means and deviations are kept along.
/// </summary>
/// <remarks>
/// Rows are written in any order, by one thread, then sealed; a sealed cache may be read by several at once. Column statistics are
/// taken in row order, so they do not depend on the order of writing. Disposing deletes the file.
/// </remarks>
public sealed class FeatureCache : IDisposable
{
    private readonly SafeFileHandle _file;
    private readonly string _path;
    private readonly double[] _sums;
    private readonly double[] _squares;
    private bool _sealed;

    /// <summary>A cache of zeros.</summary>
    /// <param name="path">File to create; replaced when it exists.</param>
    /// <param name="dimensions">Width of a row.</param>
    /// <param name="rows">Number of rows.</param>
    public FeatureCache(string path, int dimensions, int rows)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(dimensions, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(rows);
        _path = path;
        (Dimensions, Rows) = (dimensions, rows);
        _file = File.OpenHandle(path, FileMode.Create, FileAccess.ReadWrite, FileShare.None, FileOptions.RandomAccess);
        RandomAccess.SetLength(_file, (long)rows * dimensions * sizeof(ushort));
        _sums = new double[dimensions];
        _squares = new double[dimensions];
    }

    /// <summary>Width of a row.</summary>
    public int Dimensions { get; }

    /// <summary>Number of rows.</summary>
    public int Rows { get; }

    /// <summary>Writes rows from <paramref name="first"/> on.</summary>
    public void Write(int first, ReadOnlySpan<float> values)
    {
        if (_sealed)
            throw new InvalidOperationException("This is a bug: a sealed feature cache was written to.");
        if (values.Length % Dimensions != 0 || first < 0 || first + (values.Length / Dimensions) > Rows)
            throw new ArgumentException($"{values.Length} values from row {first} on do not fit {Rows} rows of {Dimensions}.", nameof(values));
        var rented = ArrayPool<ushort>.Shared.Rent(values.Length);
        for (var i = 0; i < values.Length; i++)
            rented[i] = ToBFloat16(values[i]);
        RandomAccess.Write(_file, MemoryMarshal.AsBytes(rented.AsSpan(0, values.Length)), (long)first * Dimensions * sizeof(ushort));
        ArrayPool<ushort>.Shared.Return(rented);
    }

    /// <summary>Ends the writing and takes the statistics.</summary>
    public void Seal()
    {
        _sealed = true;
        var row = new float[Dimensions];
        for (var r = 0; r < Rows; r++)
        {
            Read(r, 1, row, Dimensions);
            for (var i = 0; i < row.Length; i++)
            {
                _sums[i] += row[i];
                _squares[i] += (double)row[i] * row[i];
            }
        }
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
        if (!_sealed)
            throw new InvalidOperationException("This is a bug: the feature cache was read before it was sealed.");
        var length = count * Dimensions;
        var rented = ArrayPool<ushort>.Shared.Rent(length);
        var bytes = MemoryMarshal.AsBytes(rented.AsSpan(0, length));
        var offset = (long)first * Dimensions * sizeof(ushort);
        for (var done = 0; done < bytes.Length;)
        {
            var read = RandomAccess.Read(_file, bytes[done..], offset + done);
            if (read == 0)
                throw new InvalidOperationException("This is a bug: the feature cache is shorter than its rows.");
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
