using System.Globalization;

namespace Streaming.Cli.CommandLine;

/// <summary>
/// Shows how far long work is, on standard error: one line with a bar that is redrawn on a terminal, plain lines, few of
/// them, elsewhere. Safe for concurrent use.
/// </summary>
internal sealed class ProgressLine(CliContext context) : IDisposable
{
    private const int BarWidth = 24;
    private static readonly TimeSpan RedrawEvery = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan PrintEvery = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private string? _step;
    private long _stepStarted;
    private long _shown;
    private string? _text;
    private bool _isOpen;

    /// <summary>Work has come this far.</summary>
    /// <param name="step">What is being done; a new one starts the clock anew.</param>
    /// <param name="done">Units done.</param>
    /// <param name="total">Units there are; 0: not known.</param>
    /// <param name="detail">What else is worth seeing, e.g. the loss.</param>
    public void Report(string step, double done, double total, string? detail = null)
    {
        lock (_lock)
        {
            var now = context.Time.GetTimestamp();
            var isNew = step != _step;
            if (isNew)
            {
                Close();
                (_step, _stepStarted, _text) = (step, now, null);
            }

            var isLast = total > 0 && done >= total;
            if (!isNew && !isLast && context.Time.GetElapsedTime(_shown, now) < (context.IsErrorTerminal ? RedrawEvery : PrintEvery))
                return;
            var text = Describe(done, total, context.Time.GetElapsedTime(_stepStarted, now), detail);
            if (text == _text)
                return;
            (_shown, _text) = (now, text);
            if (context.IsErrorTerminal)
            {
                context.Error.Write($"\r{Fitting(text)}\u001b[K");
                _isOpen = true;
            }
            else
            {
                context.Error.WriteLine(text);
            }
        }
    }

    /// <summary>Ends the line.</summary>
    public void Dispose()
    {
        lock (_lock)
            Close();
    }

    private void Close()
    {
        if (_isOpen)
            context.Error.WriteLine();
        _isOpen = false;
    }

    /// <summary>A line that wraps could not be drawn over.</summary>
    private static string Fitting(string text)
    {
        var width = Console.WindowWidth;
        return width > 1 && text.Length >= width ? text[..(width - 1)] : text;
    }

    private string Describe(double done, double total, TimeSpan took, string? detail)
    {
        var text = _step!;
        if (total > 0)
        {
            var share = Math.Clamp(done / total, 0, 1);
            var filled = (int)(share * BarWidth);
            if (context.IsErrorTerminal)
                text = $"{text,-20} {new string('█', filled)}{new string('░', BarWidth - filled)}";
            text += string.Create(CultureInfo.InvariantCulture, $" {share * 100,3:F0} %");
            if (share is > 0 and < 1 && took > TimeSpan.FromSeconds(1))
                text += $", {Short(took * ((1 - share) / share))} left";
        }

        return detail is null ? text : $"{text}, {detail}";
    }

    private static string Short(TimeSpan time) => time.TotalHours >= 1
        ? time.ToString(@"h\:mm\:ss", CultureInfo.InvariantCulture)
        : time.ToString(@"m\:ss", CultureInfo.InvariantCulture);
}
