using System.Globalization;

namespace Streaming.Testing.Faults;

/// <summary>How often a fault is injected: a share by default, all of it with <c>STREAMING_FAULTS=full</c> (<c>./streaming faults --full</c>).</summary>
public static class FaultCounts
{
    /// <summary>True when the fault table's own counts are asked for.</summary>
    public static bool IsFull => Environment.GetEnvironmentVariable("STREAMING_FAULTS") == "full";

    /// <summary>One of the two.</summary>
    public static int Of(int full, int share) => IsFull ? full : share;

    /// <summary>A number as text.</summary>
    public static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
