using Streaming.Adapters.Sqlite.Native;

namespace Streaming.Adapters.Sqlite.Samples;

/// <summary>The checksum that goes with a body.</summary>
internal static class BodySum
{
    internal static long Of(ReadOnlySpan<byte> body)
    {
        var sum = Checksum.Start(0);
        sum.Add(body);
        return sum.Value;
    }
}
