using Streaming.Cli.CommandLine;
using Streaming.Core.Engine;

namespace Streaming.Cli.Demo;

/// <summary>Progress on standard error: one line that is redrawn for a person, a plain line every few seconds for a log.</summary>
internal sealed class ProgressLine(CliContext context, int expected)
{
    private static readonly TimeSpan PlainInterval = TimeSpan.FromSeconds(5);
    private readonly long _started = context.Time.GetTimestamp();
    private long _lastPlain = context.Time.GetTimestamp();
    private bool _drawn;

    /// <summary>Shows how far it is.</summary>
    public void Show(PipelineSnapshot now, double rate)
    {
        var done = now.Outcomes.Total;
        var line = $"{Bar(done)} {done:N0} of {expected:N0} documents, {rate:N0}/s, backlog {Math.Max(0, expected - done):N0}, {now.Entities:N0} entities";
        if (context.IsErrorTerminal)
        {
            // A line that wraps could not be drawn over.
            context.Error.Write($"\r\u001b[2K{Fitting(line)}");
            _drawn = true;
        }
        else if (context.Time.GetElapsedTime(_lastPlain) >= PlainInterval)
        {
            _lastPlain = context.Time.GetTimestamp();
            context.Say(line);
        }
    }

    /// <summary>Ends the line.</summary>
    public TimeSpan End()
    {
        if (_drawn)
            context.Error.WriteLine();
        return context.Time.GetElapsedTime(_started);
    }

    private static string Fitting(string line)
    {
        var width = Console.WindowWidth;
        return width > 1 && line.Length >= width ? line[..(width - 1)] : line;
    }

    private string Bar(long done)
    {
        const int Width = 14;
        var filled = expected == 0 ? Width : (int)Math.Min(Width, Width * done / expected);
        return $"[{new string('#', filled)}{new string('.', Width - filled)}]";
    }
}
