using System.Buffers;
using System.Buffers.Binary;
using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;

namespace Streaming.Core.Models.Bundle;

/// <summary>
/// Reads a safetensors file, memory-mapped or from bytes that were verified before. The header is checked whole
/// before any tensor is handed out; a hostile one ends in a <see cref="StreamingException"/> <c>safetensors_invalid</c>.
/// </summary>
/// <remarks>Safe for concurrent reads. Format: https://github.com/huggingface/safetensors.</remarks>
public sealed class SafetensorsFile : ITensorSource, IDisposable
{
    private const int LengthBytes = 8;

    private readonly Dictionary<string, SafetensorsTensor> _tensors;
    private readonly ReadOnlyMemory<byte> _bytes;
    private readonly MemoryMappedFile? _map;
    private readonly MemoryMappedViewAccessor? _view;
    private readonly long _dataStart;
    private readonly string _name;

    private SafetensorsFile(string name, ReadOnlyMemory<byte> bytes, MemoryMappedFile? map, MemoryMappedViewAccessor? view, long length)
    {
        (_name, _bytes, _map, _view) = (name, bytes, map, view);
        if (length < LengthBytes)
            throw SafetensorsHeader.Invalid(name, "it is too short for a header");
        Span<byte> lengthBytes = stackalloc byte[LengthBytes];
        Read(0, lengthBytes);
        var headerLength = BinaryPrimitives.ReadUInt64LittleEndian(lengthBytes);
        if (headerLength > SafetensorsHeader.MaxHeaderLength)
            throw SafetensorsHeader.Invalid(name, $"its header claims more than {SafetensorsHeader.MaxHeaderLength} bytes");
        if ((long)headerLength > length - LengthBytes)
            throw SafetensorsHeader.Invalid(name, "its header claims more bytes than the file has");
        _dataStart = LengthBytes + (long)headerLength;
        var header = ArrayPool<byte>.Shared.Rent((int)headerLength);
        try
        {
            var span = header.AsSpan(0, (int)headerLength);
            Read(LengthBytes, span);
            (_tensors, var metadata) = SafetensorsHeader.Parse(span, length - _dataStart, name);
            Metadata = metadata;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(header);
        }
    }

    /// <summary>The file's free-form strings.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Every tensor by name.</summary>
    public IReadOnlyDictionary<string, SafetensorsTensor> Tensors => _tensors;

    /// <summary>Maps a file. Nobody may shorten it while it is open.</summary>
    /// <exception cref="StreamingException"><c>model_not_found</c> or <c>safetensors_invalid</c>.</exception>
    public static SafetensorsFile Open(string path)
    {
        if (!File.Exists(path))
            throw new StreamingException("model_not_found", $"There is no file '{path}'. Give the folder of a checkpoint with its weights as safetensors.");
        var length = new FileInfo(path).Length;
        if (length == 0)
            throw SafetensorsHeader.Invalid(path, "it is empty");
        var map = MemoryMappedFile.CreateFromFile(path, FileMode.Open, null, 0, MemoryMappedFileAccess.Read);
        MemoryMappedViewAccessor? view = null;
        try
        {
            view = map.CreateViewAccessor(0, length, MemoryMappedFileAccess.Read);
            return new SafetensorsFile(path, default, map, view, length);
        }
        catch
        {
            view?.Dispose();
            map.Dispose();
            throw;
        }
    }

    /// <summary>Reads from memory; the bytes must not change while it is in use.</summary>
    /// <param name="bytes">The whole file.</param>
    /// <param name="name">Its name, for messages.</param>
    public static SafetensorsFile FromBytes(ReadOnlyMemory<byte> bytes, string name) => new(name, bytes, null, null, bytes.Length);

    /// <summary>A tensor's entry.</summary>
    /// <exception cref="StreamingException"><c>safetensors_tensor_missing</c>.</exception>
    public SafetensorsTensor Get(string name) =>
        _tensors.TryGetValue(name, out var tensor)
            ? tensor
            : throw new StreamingException("safetensors_tensor_missing", $"The safetensors file '{_name}' has no tensor '{name}'.");

    /// <summary>A tensor's elements as singles, widened or rounded from any floating type.</summary>
    /// <param name="name">Name of the tensor.</param>
    /// <param name="shape">The shape it must have.</param>
    /// <exception cref="StreamingException"><c>safetensors_tensor_missing</c> or <c>safetensors_tensor_unsuitable</c>.</exception>
    public float[] ReadSingles(string name, params ReadOnlySpan<long> shape)
    {
        var tensor = Get(name);
        if (!ShapeIs(tensor, shape))
            throw Unsuitable(tensor, $"has the shape [{string.Join(", ", tensor.Shape)}] where [{string.Join(", ", shape.ToArray())}] is needed");
        return ReadSingles(tensor);
    }

    /// <summary>A tensor's elements as singles, widened or rounded from any floating type; row-major.</summary>
    public float[] ReadSingles(SafetensorsTensor tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        if (tensor.Count > Array.MaxLength)
            throw Unsuitable(tensor, "is too large to be read at once");
        var values = new float[tensor.Count];
        switch (tensor.Type)
        {
            case TensorType.F32:
                Read(_dataStart + tensor.Offset, MemoryMarshal.AsBytes(values.AsSpan()));
                break;
            case TensorType.F16:
                var halves = ReadRaw<Half>(tensor);
                for (var i = 0; i < halves.Length; i++)
                    values[i] = (float)halves[i];
                break;
            case TensorType.BF16:
                var upper = ReadRaw<ushort>(tensor);
                for (var i = 0; i < upper.Length; i++)
                    values[i] = BitConverter.Int32BitsToSingle(upper[i] << 16);
                break;
            case TensorType.F64:
                var doubles = ReadRaw<double>(tensor);
                for (var i = 0; i < doubles.Length; i++)
                    values[i] = (float)doubles[i];
                break;
            default:
                throw Unsuitable(tensor, $"has the element type {tensor.Type} where a floating type is needed");
        }
        return values;
    }

    /// <summary>Copies a tensor's bytes as they lie in the file, little-endian.</summary>
    /// <param name="tensor">One of <see cref="Tensors"/>.</param>
    /// <param name="destination">At least <see cref="SafetensorsTensor.Length"/> bytes.</param>
    public void ReadBytes(SafetensorsTensor tensor, Span<byte> destination)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        Read(_dataStart + tensor.Offset, destination[..checked((int)tensor.Length)]);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _view?.Dispose();
        _map?.Dispose();
    }

    private static bool ShapeIs(SafetensorsTensor tensor, ReadOnlySpan<long> shape)
    {
        if (tensor.Shape.Count != shape.Length)
            return false;
        for (var i = 0; i < shape.Length; i++)
        {
            if (tensor.Shape[i] != shape[i])
                return false;
        }
        return true;
    }

    private T[] ReadRaw<T>(SafetensorsTensor tensor)
        where T : unmanaged
    {
        var values = new T[tensor.Count];
        Read(_dataStart + tensor.Offset, MemoryMarshal.AsBytes(values.AsSpan()));
        return values;
    }

    private StreamingException Unsuitable(SafetensorsTensor tensor, string reason) =>
        new("safetensors_tensor_unsuitable", $"The tensor '{tensor.Name}' of '{_name}' {reason}.");

    private void Read(long offset, Span<byte> destination)
    {
        if (_view is null)
            _bytes.Span.Slice(checked((int)offset), destination.Length).CopyTo(destination);
        else
            _view.SafeMemoryMappedViewHandle.ReadSpan((ulong)(offset + _view.PointerOffset), destination);
    }
}
