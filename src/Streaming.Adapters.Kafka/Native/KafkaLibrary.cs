using System.Reflection;
using System.Runtime.InteropServices;
using Streaming.Core;
using Client = Confluent.Kafka;

namespace Streaming.Adapters.Kafka.Native;

/// <summary>
/// Finds librdkafka: the one a package brought, else the system's, whose file carries a version
/// (<c>librdkafka.so.1</c>) and is therefore not found by the plain name.
/// </summary>
public static class KafkaLibrary
{
    private static readonly string[] SystemNames =
        ["librdkafka.so.1", "librdkafka.so", "librdkafka.1.dylib", "librdkafka.dylib"];

    private static readonly Lazy<string> Loaded = new(LoadOnce);

    /// <summary>Loads the library, once.</summary>
    /// <returns>Its version, e.g. <c>2.0.2</c>.</returns>
    /// <exception cref="DependencyUnavailableException"><c>kafka_library_missing</c>.</exception>
    public static string Load() => Loaded.Value;

    private static string LoadOnce()
    {
        NativeLibrary.SetDllImportResolver(typeof(Client.Library).Assembly, Resolve);
        NativeLibrary.SetDllImportResolver(typeof(KafkaLibrary).Assembly, Resolve);
        try
        {
            Client.Library.Load();
            return Marshal.PtrToStringUTF8(RdKafka.VersionString())!;
        }
        catch (Exception e) when (e is DllNotFoundException or InvalidOperationException or EntryPointNotFoundException)
        {
            throw new DependencyUnavailableException(
                "kafka_library_missing",
                "The Kafka client library librdkafka (1.9 or newer) was not found. Install it (Debian and Ubuntu: apt-get install librdkafka1; "
                + "Fedora: dnf install librdkafka; Alpine: apk add librdkafka; macOS: brew install librdkafka), or build the full package set, which brings it.",
                e);
        }
    }

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path)
    {
        if (!name.Contains("librdkafka", StringComparison.Ordinal))
            return 0;
        if (NativeLibrary.TryLoad(name, assembly, path, out var handle))
            return handle;
        foreach (var candidate in SystemNames)
        {
            if (NativeLibrary.TryLoad(candidate, out handle))
                return handle;
        }

        return 0;
    }
}
