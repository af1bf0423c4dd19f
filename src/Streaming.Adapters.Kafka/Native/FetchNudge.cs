using System.Runtime.InteropServices;

namespace Streaming.Adapters.Kafka.Native;

/// <summary>
/// Keeps librdkafka 2.0 and 2.1 fetching. Before 2.2 (<c>fetch.queue.backoff.ms</c>) a client whose queue was full looks at it
/// again only after up to a second. The one public call that wakes the threads that fetch is the one that sets SASL's
/// credentials, which does nothing else to a client without SASL. One thread calls.
/// </summary>
internal sealed class FetchNudge(SafeHandle client, TimeProvider time)
{
    /// <summary>How long a full queue rests at most.</summary>
    public static readonly TimeSpan Rest = TimeSpan.FromMilliseconds(20);

    private long _last = time.GetTimestamp();

    /// <summary>True where this library with these settings would rest longer, and can be woken.</summary>
    public static bool IsOfUse(IReadOnlyDictionary<string, string> settings) =>
        KafkaLibrary.Load() is var version
        && (version.StartsWith("2.0.", StringComparison.Ordinal) || version.StartsWith("2.1.", StringComparison.Ordinal))
        && !settings.GetValueOrDefault("security.protocol", "").StartsWith("sasl", StringComparison.OrdinalIgnoreCase);

    /// <summary>Call it after each poll; it wakes no more often than <see cref="Rest"/>.</summary>
    public void Give()
    {
        var now = time.GetTimestamp();
        if (time.GetElapsedTime(_last, now) < Rest)
            return;
        _last = now;
        RdKafka.SaslSetCredentials(client.DangerousGetHandle(), "", "");
    }
}
