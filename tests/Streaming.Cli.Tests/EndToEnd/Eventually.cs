namespace Streaming.Cli.Tests.EndToEnd;

/// <summary>Asks another process again until it is so.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(50);

    /// <summary>Fails when it is not so after <see cref="ProductProcess.Patience"/>.</summary>
    public static Task TrueAsync(Func<Task<bool>> isSo, string what) => TrueAsync(isSo, () => what);

    /// <summary>As above, with what there is to say when it was waited for in vain.</summary>
    public static async Task TrueAsync(Func<Task<bool>> isSo, Func<string> what)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (!await isSo())
        {
            if (TimeProvider.System.GetElapsedTime(began) >= ProductProcess.Patience)
                Assert.Fail("waited in vain for " + what());
            await Task.Delay(Between);
        }
    }
}
