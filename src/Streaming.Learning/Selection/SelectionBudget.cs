namespace Streaming.Learning.Selection;

/// <summary>Counts requests by hour, day and source (UTC, by the wall clock), and says when there are enough. Not safe for concurrent use.</summary>
internal sealed class SelectionBudget(SelectionOptions options)
{
    // Names of sources come from outside: beyond so many an hour they share one count.
    private const int MaxSources = 10_000;

    private readonly Dictionary<string, int> _bySource = new(StringComparer.Ordinal);
    private long _hour = -1, _day = -1;
    private int _thisHour, _controlThisHour, _today;

    /// <summary>Why there is no room for another one, or null.</summary>
    public string? Refusal(DateTimeOffset now, string? source, bool control)
    {
        Turn(now);
        if (_today >= options.BudgetPerDay)
            return SelectionCounts.DayBudget;
        if (control)
            return _controlThisHour >= (int)Math.Ceiling(options.BudgetPerHour * options.RandomShare) ? SelectionCounts.ControlBudget : null;

        // The control slice has its part whatever doubt asks for, and doubt its part whatever chance asks for.
        if (_thisHour - _controlThisHour >= options.BudgetPerHour - (int)(options.BudgetPerHour * options.RandomShare))
            return SelectionCounts.HourBudget;
        return options.BudgetPerSource > 0 && _bySource.GetValueOrDefault(NameOf(source)) >= options.BudgetPerSource ? SelectionCounts.SourceBudget : null;
    }

    /// <summary>One was chosen.</summary>
    public void Take(DateTimeOffset at, string? source, bool control)
    {
        Turn(at);
        _thisHour++;
        _today++;
        if (control)
        {
            _controlThisHour++;
            return;
        }

        var name = NameOf(source);
        _bySource[name] = _bySource.GetValueOrDefault(name) + 1;
    }

    private string NameOf(string? source) => source is null ? "" : _bySource.Count < MaxSources || _bySource.ContainsKey(source) ? source : "\0others";

    private void Turn(DateTimeOffset now)
    {
        var hour = now.UtcTicks / TimeSpan.TicksPerHour;
        if (hour != _hour)
        {
            (_hour, _thisHour, _controlThisHour) = (hour, 0, 0);
            _bySource.Clear();
        }

        var day = now.UtcTicks / TimeSpan.TicksPerDay;
        if (day != _day)
            (_day, _today) = (day, 0);
    }
}
