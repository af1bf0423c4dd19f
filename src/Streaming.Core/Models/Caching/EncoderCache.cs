using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;
using Streaming.Core.Models.Registry;

namespace Streaming.Core.Models.Caching;

/// <summary>
/// Hidden states of an encoder on disk, as IEEE half floats, by the tokens they belong to: what a text needs to go through other heads of
/// the same encoder without going through the encoder. It holds a set number of bytes; when it is full nothing more goes in, because whoever
/// goes through the same documents again and again would find nothing in one that forgets the oldest.
/// </summary>
/// <remarks>
/// One file an encoder, only appended to; each record carries a checksum, so that one that was not written whole, or went bad, counts as
/// not there. A token takes 2 bytes × dimensions × layers. Safe for concurrent use within one process; a second process does without.
/// </remarks>
public sealed class EncoderCache : IDisposable
{
    private const string Ending = ".features";
    private const int KeyBytes = 16;
    private const int HeaderBytes = KeyBytes + sizeof(int) + sizeof(ulong);

    private readonly Lock _lock = new();
    private readonly Dictionary<UInt128, (long Place, int Tokens)> _places = [];
    private readonly SafeFileHandle _file;
    private readonly IDisposable _alone;
    private readonly long _maxBytes;
    private long _end;

    private EncoderCache(SafeFileHandle file, IDisposable alone, int width, long maxBytes)
    {
        (_file, _alone, Width, _maxBytes) = (file, alone, width, maxBytes);
        Scan();
    }

    /// <summary>Values a token has: dimensions × layers.</summary>
    public int Width { get; }

    /// <summary>Windows in it.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
                return _places.Count;
        }
    }

    /// <summary>Bytes on disk.</summary>
    public long Bytes => Interlocked.Read(ref _end);

    /// <summary>Opens the cache of an encoder, and deletes those of others.</summary>
    /// <param name="folder">Folder of the caches; made when it is not there.</param>
    /// <param name="encoder">SHA-256 of the encoder's graph, lower-case hexadecimal.</param>
    /// <param name="info">What the encoder gives.</param>
    /// <param name="maxBytes">Most bytes on disk.</param>
    /// <returns>The cache; null when another process has it.</returns>
    public static EncoderCache? Open(string folder, string encoder, EncoderInfo info, long maxBytes)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ArgumentException.ThrowIfNullOrEmpty(encoder);
        ArgumentNullException.ThrowIfNull(info);
        if (AtomicFile.TryLock(Path.Combine(folder, ".lock")) is not { } alone)
            return null;
        try
        {
            // What else decides about the values is in the name.
            var path = Path.Combine(folder, $"{encoder}-{string.Join('.', info.Layers)}-{(info.Device.StartsWith("cpu", StringComparison.Ordinal) ? "cpu" : "gpu")}{Ending}");
            foreach (var other in Directory.EnumerateFiles(folder, "*" + Ending))
            {
                if (other != path)
                    File.Delete(other);
            }

            var file = File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, FileOptions.RandomAccess);
            return new EncoderCache(file, alone, info.Layers.Count * info.Dimensions, maxBytes);
        }
        catch
        {
            alone.Dispose();
            throw;
        }
    }

    /// <summary>Reads the hidden states of tokens.</summary>
    /// <param name="key">From <see cref="TokenSequence.Key"/>.</param>
    /// <param name="tokens">How many they are.</param>
    /// <param name="values">Takes tokens × <see cref="Width"/> values, layer by layer.</param>
    /// <returns>Whether they are there.</returns>
    public bool TryRead(UInt128 key, int tokens, Span<float> values)
    {
        long place;
        lock (_lock)
        {
            if (!_places.TryGetValue(key, out var found) || found.Tokens != tokens)
                return false;
            place = found.Place;
        }

        var bytes = HeaderBytes + (tokens * Width * sizeof(ushort));
        var rented = ArrayPool<byte>.Shared.Rent(bytes);
        var record = rented.AsSpan(0, bytes);
        var isWhole = ReadAll(record, place) && BinaryPrimitives.ReadUInt64LittleEndian(record[(KeyBytes + sizeof(int))..]) == Checksum(record[HeaderBytes..]);
        if (isWhole)
        {
            var halves = MemoryMarshal.Cast<byte, Half>(record[HeaderBytes..]);
            for (var i = 0; i < halves.Length; i++)
                values[i] = (float)halves[i];
        }

        ArrayPool<byte>.Shared.Return(rented);
        return isWhole;
    }

    /// <summary>Adds hidden states, unless they are there or there is no room.</summary>
    /// <param name="key">From <see cref="TokenSequence.Key"/>.</param>
    /// <param name="tokens">How many tokens.</param>
    /// <param name="values">Tokens × <see cref="Width"/> values, layer by layer.</param>
    public void Add(UInt128 key, int tokens, ReadOnlySpan<float> values)
    {
        if (values.Length != tokens * Width)
            throw new ArgumentException($"{values.Length} values are not {tokens} tokens of {Width}.", nameof(values));
        var bytes = HeaderBytes + (values.Length * sizeof(ushort));
        var rented = ArrayPool<byte>.Shared.Rent(bytes);
        var record = rented.AsSpan(0, bytes);
        BinaryPrimitives.WriteUInt128LittleEndian(record, key);
        BinaryPrimitives.WriteInt32LittleEndian(record[KeyBytes..], tokens);
        var halves = MemoryMarshal.Cast<byte, Half>(record[HeaderBytes..]);
        for (var i = 0; i < values.Length; i++)
            halves[i] = (Half)values[i];
        BinaryPrimitives.WriteUInt64LittleEndian(record[(KeyBytes + sizeof(int))..], Checksum(record[HeaderBytes..]));
        lock (_lock)
        {
            if (_end + bytes <= _maxBytes && !_places.ContainsKey(key))
            {
                RandomAccess.Write(_file, record, _end);
                _places.Add(key, (_end, tokens));
                Interlocked.Add(ref _end, bytes);
            }
        }

        ArrayPool<byte>.Shared.Return(rented);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _file.Dispose();
        _alone.Dispose();
    }

    private static ulong Checksum(ReadOnlySpan<byte> payload)
    {
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(payload, digest);
        return BinaryPrimitives.ReadUInt64LittleEndian(digest);
    }

    // What a crash cut off at the end is written over.
    private void Scan()
    {
        Span<byte> header = stackalloc byte[HeaderBytes];
        var length = RandomAccess.GetLength(_file);
        while (_end + HeaderBytes <= length && ReadAll(header, _end))
        {
            var tokens = BinaryPrimitives.ReadInt32LittleEndian(header[KeyBytes..]);
            var bytes = HeaderBytes + ((long)tokens * Width * sizeof(ushort));
            if (tokens < 1 || _end + bytes > length)
                break;
            _places[BinaryPrimitives.ReadUInt128LittleEndian(header)] = (_end, tokens);
            _end += bytes;
        }

        RandomAccess.SetLength(_file, _end);
    }

    private bool ReadAll(Span<byte> into, long place)
    {
        for (var done = 0; done < into.Length;)
        {
            var read = RandomAccess.Read(_file, into[done..], place + done);
            if (read == 0)
                return false;
            done += read;
        }

        return true;
    }
}
