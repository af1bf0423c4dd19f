using System.Runtime.InteropServices;

namespace Streaming.Cli.Composition;

/// <summary>glibc's allocator, which native libraries share. Other allocators look after themselves: there it does nothing.</summary>
internal static class NativeHeap
{
    private const int ArenaMax = -8; // M_ARENA_MAX of malloc.h

    private delegate int MallocOption(int parameter, int value);

    private delegate int MallocTrim(nuint pad);

    /// <summary>
    /// One heap for all threads. A heap for each keeps what its thread once had, for good, and clients of Kafka have a dozen
    /// threads. Call before any starts.
    /// </summary>
    public static void ShareOne() => Find<MallocOption>("mallopt")?.Invoke(ArenaMax, 1);

    /// <summary>Gives free pages back to the system.</summary>
    public static void Trim() => Find<MallocTrim>("malloc_trim")?.Invoke(0);

    private static TFunction? Find<TFunction>(string name)
        where TFunction : Delegate =>
        NativeLibrary.TryLoad("libc.so.6", out var library) && NativeLibrary.TryGetExport(library, name, out var address)
            ? Marshal.GetDelegateForFunctionPointer<TFunction>(address)
            : null;
}
