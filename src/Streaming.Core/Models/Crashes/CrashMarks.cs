using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace Streaming.Core.Models.Crashes;

/// <summary>
/// What the model is computing, on disk while it does: when native code ends the process no exception tells of it, so the next
/// process finds here what the last one died over. That is computed apart from everything else, a quarter of it at a time; what three
/// processes in a row died over alone is refused from then on, and fails like any text that a model cannot take. Of n texts, at
/// least four, the culprit is found within log2(n) + 2 restarts.
/// </summary>
/// <remarks>Written, not flushed: it outlives the process, not the machine. A process killed on purpose leaves marks too; they cost the next one a round of small batches. Safe for concurrent use.</remarks>
public sealed class CrashMarks : IDisposable
{
    private const int MaxProcesses = 64;
    private const int MaxCondemned = 1_000;
    private const int MaxDeaths = 3;
    private const int KeyBytes = 16;
    private const int HeaderBytes = sizeof(ulong) + (3 * sizeof(int));

    /// <summary>Suspects that nobody asks for within so many calls went to another process, or have been done.</summary>
    private const int Patience = 1_000;

    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly SafeFileHandle _file;
    private readonly List<UInt128> _running = [];
    private readonly List<UInt128> _condemned = [];
    private readonly HashSet<UInt128> _suspects = [];
    private readonly int _most;
    private UInt128 _alone; // the last processes died over this one alone
    private int _deaths; // so many of them
    private int _calls;
    private volatile bool _isSuspicious;

    internal CrashMarks(SafeFileHandle file)
    {
        _file = file;
        Read();
        _suspects.UnionWith(_running);
        if (_running.Count == 1)
        {
            _deaths = _running[0] == _alone ? _deaths + 1 : 1;
            _alone = _running[0];
            if (_deaths == MaxDeaths)
            {
                _condemned.Add(_alone);
                _suspects.Clear();
                _deaths = 0;
            }
        }

        _running.Clear();
        if (_condemned.Count > MaxCondemned)
            _condemned.RemoveRange(0, _condemned.Count - MaxCondemned);
        _most = Math.Max(1, _suspects.Count / 4);
        _isSuspicious = _suspects.Count > 0;
        Found = _suspects.Count;
        Write();
    }

    /// <summary>Sequences that the last process died over.</summary>
    public int Found { get; }

    /// <summary>Sequences that are not computed any more.</summary>
    public int Condemned => _condemned.Count;

    /// <summary>The marks of this process; several may share a folder, each has a file of its own.</summary>
    /// <returns>Null where nothing can be written, or every file is taken.</returns>
    public static CrashMarks? TryOpen(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }

        for (var number = 0; number < MaxProcesses; number++)
        {
            try
            {
                return new CrashMarks(File.OpenHandle(Path.Combine(folder, $"{number}.marks"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // Another process has it.
            }
        }

        return null;
    }

    /// <summary>A call begins.</summary>
    /// <returns>For <see cref="Leave"/>.</returns>
    /// <exception cref="NativeCrashException">It must be smaller; of one: it is not computed any more.</exception>
    internal async ValueTask<bool> EnterAsync(UInt128[] keys, CancellationToken cancellationToken)
    {
        // One call at a time until nobody is suspected: then it is known which of them the process dies over.
        var isAlone = _isSuspicious;
        if (isAlone)
            await _turn.WaitAsync(cancellationToken);
        try
        {
            lock (_lock)
            {
                Check(keys);
                _running.AddRange(keys);
                Write();
            }
        }
        catch
        {
            if (isAlone)
                _turn.Release();
            throw;
        }

        return isAlone;
    }

    /// <summary>It has ended, and the process with it has not.</summary>
    internal void Leave(UInt128[] keys, bool isAlone)
    {
        lock (_lock)
        {
            foreach (var key in keys)
            {
                _running.Remove(key);
                _suspects.Remove(key);
                if (key == _alone)
                    _deaths = 0;
            }

            if (++_calls >= Patience)
                _suspects.Clear();
            _isSuspicious = _suspects.Count > 0;
            Write();
        }

        if (isAlone)
            _turn.Release();
    }

    /// <summary>Nothing is computed any more.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_file.IsClosed)
                return;
            _running.Clear();
            Write();
            _file.Dispose();
        }
    }

    private void Check(UInt128[] keys)
    {
        var suspected = 0;
        foreach (var key in keys)
        {
            if (_condemned.Contains(key))
                throw new NativeCrashException();
            if (_suspects.Contains(key))
                suspected++;
        }

        if (keys.Length > 1 && suspected > 0 && (suspected < keys.Length || suspected > _most))
            throw new NativeCrashException();
    }

    private void Read()
    {
        Span<byte> bytes = new byte[RandomAccess.GetLength(_file)];
        if (bytes.Length < HeaderBytes || RandomAccess.Read(_file, bytes, 0) < bytes.Length)
            return;
        var counts = MemoryMarshal.Cast<byte, int>(bytes.Slice(sizeof(ulong), 3 * sizeof(int)));

        // What is behind it is of a longer list before.
        var length = HeaderBytes + (KeyBytes * (1L + counts[0] + counts[1]));
        if (counts.IndexOfAnyExceptInRange(0, int.MaxValue) >= 0 || length > bytes.Length || BinaryPrimitives.ReadUInt64LittleEndian(bytes) != Checksum(bytes[..(int)length]))
            return;
        var keys = MemoryMarshal.Cast<byte, UInt128>(bytes[HeaderBytes..(int)length]);
        _running.AddRange(keys[..counts[0]]);
        _condemned.AddRange(keys.Slice(counts[0], counts[1]));
        (_alone, _deaths) = (keys[^1], counts[2]);
    }

    private void Write()
    {
        if (_file.IsClosed)
            return;
        var bytes = new byte[HeaderBytes + (KeyBytes * (_running.Count + _condemned.Count + 1))];
        var counts = MemoryMarshal.Cast<byte, int>(bytes.AsSpan(sizeof(ulong), 3 * sizeof(int)));
        (counts[0], counts[1], counts[2]) = (_running.Count, _condemned.Count, _deaths);
        var keys = MemoryMarshal.Cast<byte, UInt128>(bytes.AsSpan(HeaderBytes));
        CollectionsMarshal.AsSpan(_running).CopyTo(keys);
        CollectionsMarshal.AsSpan(_condemned).CopyTo(keys[_running.Count..]);
        keys[^1] = _alone;
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, Checksum(bytes));
        RandomAccess.Write(_file, bytes, 0);
    }

    private static ulong Checksum(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadUInt64LittleEndian(SHA256.HashData(bytes[sizeof(ulong)..]));
}
