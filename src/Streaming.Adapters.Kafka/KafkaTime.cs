namespace Streaming.Adapters.Kafka;

/// <summary>Timestamps of records: milliseconds since 1970, -1 when there is none, anything at all from a careless producer.</summary>
internal static class KafkaTime
{
    private static readonly long Min = DateTimeOffset.MinValue.ToUnixTimeMilliseconds();
    private static readonly long Max = DateTimeOffset.MaxValue.ToUnixTimeMilliseconds();

    /// <summary>The time, brought into the range a <see cref="DateTimeOffset"/> has; 1970 when there is none.</summary>
    public static DateTimeOffset From(long milliseconds) =>
        milliseconds == -1 ? DateTimeOffset.UnixEpoch : DateTimeOffset.FromUnixTimeMilliseconds(Math.Clamp(milliseconds, Min, Max));
}
