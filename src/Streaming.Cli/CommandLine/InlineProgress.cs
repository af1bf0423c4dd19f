namespace Streaming.Cli.CommandLine;

/// <summary>Hears of progress on the thread that makes it, in order: nothing arrives after the work has ended.</summary>
internal sealed class InlineProgress<T>(Action<T> report) : IProgress<T>
{
    /// <inheritdoc/>
    public void Report(T value) => report(value);
}
