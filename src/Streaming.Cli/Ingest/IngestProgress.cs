using System.Globalization;
using Streaming.Cli.CommandLine;

namespace Streaming.Cli.Ingest;

/// <summary>A line that is written over again and again, for a person who waits.</summary>
internal sealed class IngestProgress(CliContext context, IngestReport report)
{
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(150);
    private readonly long _begin = context.Time.GetTimestamp();
    private TimeSpan _shown;

    /// <summary>Shows how far it is, a few times a second.</summary>
    public void Show()
    {
        if (!context.IsErrorTerminal)
            return;
        var now = context.Time.GetElapsedTime(_begin);
        if (now - _shown < Every)
            return;
        _shown = now;
        context.Error.Write(string.Create(
            CultureInfo.InvariantCulture,
            $"\r{report.Written:#,0} written, {report.Bytes / 1_000_000.0:0.0} MB, {report.Written / Math.Max(0.001, now.TotalSeconds):#,0}/s \e[K"));
    }

    /// <summary>Takes the line away.</summary>
    public void Clear()
    {
        if (context.IsErrorTerminal && _shown > TimeSpan.Zero)
            context.Error.Write("\r\e[K");
    }
}
