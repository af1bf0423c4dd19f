namespace Streaming.Testing;

/// <summary>What code allocates.</summary>
public static class Allocations
{
    private const int Runs = 10;

    /// <summary>
    /// The fewest bytes that one of several runs allocated on this thread: what the code allocates, it allocates each time. In one
    /// run of some hundreds the runtime adds a few thousand bytes of its own.
    /// </summary>
    /// <param name="run">Does the same each time; has run before, so that everything is loaded.</param>
    public static long Of(Action run)
    {
        var least = long.MaxValue;
        for (var i = 0; i < Runs && least > 0; i++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            run();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return least;
    }
}
