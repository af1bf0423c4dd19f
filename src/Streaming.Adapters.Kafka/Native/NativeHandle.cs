using System.Reflection;
using System.Runtime.InteropServices;
using Client = Confluent.Kafka;

namespace Streaming.Adapters.Kafka.Native;

/// <summary>The library's own handle of a client, for the few calls Confluent.Kafka does not offer.</summary>
internal static class NativeHandle
{
    /// <summary>The handle; owned by the client.</summary>
    public static SafeHandle Of(Client.Handle handle) =>
        // Not public; the same member in every release from 1.0 to 2.x. A test fails the day it is not.
        typeof(Client.Handle).GetProperty("LibrdkafkaHandle", BindingFlags.Instance | BindingFlags.NonPublic)?.GetValue(handle) as SafeHandle
        ?? throw new InvalidOperationException("Confluent.Kafka keeps its native handle elsewhere: this is a bug of the Kafka adapter with this version of the package.");
}
