using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using SQLitePCL;

namespace Streaming.Adapters.Sqlite.Native;

/// <summary>
/// A SQLite file system that keeps a checksum in the last eight bytes of every page of the database file and checks it
/// on every read, so that a changed bit is an error and never an answer. Everything else goes to the system's own.
/// </summary>
/// <remarks>
/// The log ahead (WAL) has checksums of its own. The page number is part of the sum: a page in the wrong place is found too.
/// The trick that keeps this small: the default file system opens the file, then its method table is swapped for a copy
/// in which two entries differ. See sqlite.org/c3ref/io_methods.html and sqlite.org/vfs.html.
/// </remarks>
internal static unsafe class ChecksumFileSystem
{
    internal const string Name = "streaming-checksum";
    internal const int ReservedBytes = 8;

    private const int OpenMainDatabase = 0x100;
    private const int ReserveBytesControl = 38;
    private const int MinPage = 512;
    private static readonly Lock Gate = new();
    private static Vfs* _ours;
    private static Vfs* _system;
    private static IoMethods* _original;
    private static IoMethods* _checked;

    internal static void Register()
    {
        lock (Gate)
        {
            if (_ours is not null)
                return;
            _system = sqlite3_vfs_find(null);
            var ours = (Vfs*)NativeMemory.AllocZeroed((nuint)sizeof(Vfs));
            *ours = *_system;
            ours->Next = null;
            ours->Name = (byte*)Marshal.StringToCoTaskMemUTF8(Name);
            ours->Open = &Open;
            if (sqlite3_vfs_register(ours, 0) != raw.SQLITE_OK)
                throw new InvalidOperationException("SQLite refused the checksum file system; this is a bug.");
            _ours = ours;
        }
    }

    /// <summary>Asks for room for the checksum in a database that has no page yet.</summary>
    internal static void ReserveChecksumBytes(sqlite3 database)
    {
        var bytes = ReservedBytes;
        sqlite3_file_control(database.DangerousGetHandle(), null, ReserveBytesControl, &bytes);
    }

    /// <summary>Checksum of a page without its last eight bytes.</summary>
    internal static ulong Sum(ReadOnlySpan<byte> page, long pageNumber)
    {
        // Two lanes over the halves of each 16 bytes: 64 bits in all, and the two chains run side by side.
        uint a = (uint)pageNumber, b = ~(uint)pageNumber;
        var words = MemoryMarshal.Cast<byte, ulong>(page[..^ReservedBytes]);
        var i = 0;
        for (; i + 1 < words.Length; i += 2)
        {
            a = BitOperations.Crc32C(a, words[i]);
            b = BitOperations.Crc32C(b, words[i + 1]);
        }
        if (i < words.Length)
            a = BitOperations.Crc32C(a, words[i]);
        return ((ulong)a << 32) | b;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Open(Vfs* vfs, byte* name, File* file, int flags, int* outFlags)
    {
        var code = _system->Open(_system, name, file, flags, outFlags);
        if (code != raw.SQLITE_OK || (flags & OpenMainDatabase) == 0 || file->Methods is null)
            return code;
        lock (Gate)
        {
            if (_original is null)
            {
                _original = file->Methods;
                var copy = (IoMethods*)NativeMemory.Alloc((nuint)sizeof(IoMethods));
                *copy = *_original;
                copy->Read = &Read;
                copy->Write = &Write;
                _checked = copy;
            }
        }
        if (file->Methods != _original)
            return raw.SQLITE_CANTOPEN;
        file->Methods = _checked;
        return code;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Read(File* file, void* buffer, int amount, long offset)
    {
        var code = _original->Read(file, buffer, amount, offset);
        if (code != raw.SQLITE_OK || !IsPage(amount, offset))
            return code;
        var page = new ReadOnlySpan<byte>(buffer, amount);
        return Unsafe.ReadUnaligned<ulong>((byte*)buffer + amount - ReservedBytes) == Sum(page, offset / amount)
            ? raw.SQLITE_OK
            : SqliteErrors.BadChecksum;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Write(File* file, void* buffer, int amount, long offset)
    {
        // The last bytes are reserved: SQLite neither reads them nor minds that its buffer's are set here.
        if (IsPage(amount, offset))
            Unsafe.WriteUnaligned((byte*)buffer + amount - ReservedBytes, Sum(new ReadOnlySpan<byte>(buffer, amount), offset / amount));
        return _original->Write(file, buffer, amount, offset);
    }

    private static bool IsPage(int amount, long offset) => amount >= MinPage && BitOperations.IsPow2(amount) && offset % amount == 0;

    [DllImport("e_sqlite3", CallingConvention = CallingConvention.Cdecl)]
    private static extern Vfs* sqlite3_vfs_find(byte* name);

    [DllImport("e_sqlite3", CallingConvention = CallingConvention.Cdecl)]
    private static extern int sqlite3_vfs_register(Vfs* vfs, int makeDefault);

    [DllImport("e_sqlite3", CallingConvention = CallingConvention.Cdecl)]
    private static extern int sqlite3_file_control(nint database, byte* name, int operation, void* argument);

    private struct File
    {
        public IoMethods* Methods;
    }

    // Layouts of struct sqlite3_vfs (version 3) and struct sqlite3_io_methods (version 3).
    [StructLayout(LayoutKind.Sequential)]
    private struct Vfs
    {
        public int Version;
        public int FileSize;
        public int MaxPathname;
        public Vfs* Next;
        public byte* Name;
        public void* AppData;
        public delegate* unmanaged[Cdecl]<Vfs*, byte*, File*, int, int*, int> Open;
        private fixed ulong _others[15];
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct IoMethods
    {
        public int Version;
        public void* Close;
        public delegate* unmanaged[Cdecl]<File*, void*, int, long, int> Read;
        public delegate* unmanaged[Cdecl]<File*, void*, int, long, int> Write;
        private fixed ulong _others[15];
    }
}
