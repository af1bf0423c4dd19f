using System.Globalization;

namespace Streaming.Adapters.Sqlite.Tests.Faults;

/// <summary>How often a fault is injected: a share by default, all of it with STREAMING_FAULTS=full.</summary>
internal static class FaultCounts
{
    internal static int Of(int full, int share) =>
        Environment.GetEnvironmentVariable("STREAMING_FAULTS") == "full" ? full : share;

    internal static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
