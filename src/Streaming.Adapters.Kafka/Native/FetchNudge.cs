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
    private static readonly TimeSpan Rest = TimeSpan.FromMilliseconds(20);

    /// <summary>When so many were taken, a queue of small messages has room again.</summary>
    private const int Messages = 2048;

    private long _last = time.GetTimestamp();
    private int _taken;

    /// <summary>True where this library with these settings would rest longer, and can be woken.</summary>
    public static bool IsOfUse(IReadOnlyDictionary<string, string> settings) =>
        KafkaLibrary.Load() is var version
        && (version.StartsWith("2.0.", StringComparison.Ordinal) || version.StartsWith("2.1.", StringComparison.Ordinal))
        && !settings.GetValueOrDefault("security.protocol", "").StartsWith("sasl", StringComparison.OrdinalIgnoreCase);

    /// <summary>Call it after each poll.</summary>
    /// <param name="taken">How many messages that brought.</param>
    public void Give(int taken)
    {
        _taken += taken;
        var now = time.GetTimestamp();
        if (_taken < Messages && time.GetElapsedTime(_last, now) < Rest)
            return;
        (_last, _taken) = (now, 0);
        RdKafka.SaslSetCredentials(client.DangerousGetHandle(), "", "");
    }
}
