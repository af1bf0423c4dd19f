using System.Globalization;
using Streaming.Core;

namespace Streaming.Learning.Retraining;

/// <summary>
/// A cron expression in a time zone: minute, hour, day of month, month, day of week; names, lists, ranges, steps, and
/// <c>@hourly</c>, <c>@daily</c>, <c>@weekly</c>, <c>@monthly</c>. Where both days are restricted, either suffices.
/// </summary>
/// <remarks>
/// Daylight saving, as Vixie's cron has it: what is due at a fixed hour that the clock skips, happens when the clock has jumped; at a
/// fixed hour that comes twice, the first time only. What is due every hour happens in each hour that there is.
/// </remarks>
public sealed class CronSchedule
{
    private const int YearsToSearch = 9;

    private static readonly string[] Months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    private static readonly string[] Days = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

    private readonly string _text;
    private readonly TimeZoneInfo _zone;
    private readonly ulong _minutes;
    private readonly ulong _hours;
    private readonly ulong _monthDays;
    private readonly ulong _months;
    private readonly ulong _weekDays;
    private readonly bool _everyHour;
    private readonly bool _anyMonthDay;
    private readonly bool _anyWeekDay;

    private CronSchedule(string text, TimeZoneInfo zone)
    {
        (_text, _zone) = (text, zone);
        var fields = (text.Trim().ToLowerInvariant() switch
        {
            "@hourly" => "0 * * * *",
            "@daily" or "@midnight" => "0 0 * * *",
            "@weekly" => "0 0 * * 0",
            "@monthly" => "0 0 1 * *",
            var other => other,
        }).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        if (fields.Length != 5)
            throw Invalid("it needs five fields: minute, hour, day of month, month, day of week");
        _minutes = Field(fields[0], 0, 59, [], 0);
        _hours = Field(fields[1], 0, 23, [], 0);
        _monthDays = Field(fields[2], 1, 31, [], 0);
        _months = Field(fields[3], 1, 12, Months, 1);
        _weekDays = Field(fields[4], 0, 7, Days, 0);
        if ((_weekDays >> 7 & 1) != 0)
            _weekDays |= 1;
        _everyHour = fields[1].StartsWith('*');
        _anyMonthDay = fields[2].StartsWith('*');
        _anyWeekDay = fields[4].StartsWith('*');
    }

    /// <summary>Reads an expression.</summary>
    /// <param name="text">The expression.</param>
    /// <param name="zone">IANA name of a time zone, e.g. <c>Europe/Berlin</c>; null or empty: UTC.</param>
    /// <exception cref="StreamingException"><c>schedule_invalid</c>; <c>time_zone_unknown</c>.</exception>
    public static CronSchedule Parse(string text, string? zone)
    {
        ArgumentNullException.ThrowIfNull(text);
        try
        {
            return new CronSchedule(text, string.IsNullOrEmpty(zone) ? TimeZoneInfo.Utc : TimeZoneInfo.FindSystemTimeZoneById(zone));
        }
        catch (Exception exception) when (exception is TimeZoneNotFoundException or InvalidTimeZoneException)
        {
            throw new StreamingException("time_zone_unknown", $"There is no time zone '{zone}' on this machine. Use an IANA name such as Europe/Berlin, and install tzdata where it is missing.", ExitCode.Usage, exception);
        }
    }

    /// <summary>The next time after an instant; null when there is none within some years (31 February).</summary>
    public DateTimeOffset? Next(DateTimeOffset after)
    {
        var day = TimeZoneInfo.ConvertTime(after, _zone).Date.AddDays(-1);
        var end = day.Year > DateTime.MaxValue.Year - YearsToSearch ? DateTime.MaxValue.Date.AddDays(-1) : day.AddYears(YearsToSearch);
        for (; day < end; day = day.AddDays(1))
        {
            if (!IsDay(day))
                continue;
            DateTimeOffset? first = null;
            foreach (var instant in InstantsOf(day))
            {
                if (instant > after && (first is null || instant < first))
                    first = instant;
            }

            if (first is not null)
                return first;
        }

        return null;
    }

    /// <summary>The expression as it was written.</summary>
    public override string ToString() => _text;

    private bool IsDay(DateTime day)
    {
        if ((_months >> day.Month & 1) == 0)
            return false;
        var byMonth = (_monthDays >> day.Day & 1) != 0;
        var byWeek = (_weekDays >> (int)day.DayOfWeek & 1) != 0;
        return _anyMonthDay || _anyWeekDay ? byMonth && byWeek : byMonth || byWeek;
    }

    private IEnumerable<DateTimeOffset> InstantsOf(DateTime day)
    {
        for (var hour = 0; hour < 24; hour++)
        {
            if ((_hours >> hour & 1) == 0)
                continue;
            for (var minute = 0; minute < 60; minute++)
            {
                if ((_minutes >> minute & 1) == 0)
                    continue;
                var local = day.AddHours(hour).AddMinutes(minute);
                if (_zone.IsInvalidTime(local))
                {
                    if (!_everyHour)
                        yield return AfterGap(local);
                }
                else if (_zone.IsAmbiguousTime(local))
                {
                    var offsets = _zone.GetAmbiguousTimeOffsets(local);
                    Array.Sort(offsets);
                    // The greater offset is the earlier instant.
                    for (var i = offsets.Length - 1; i >= 0; i--)
                    {
                        yield return new DateTimeOffset(local, offsets[i]).ToUniversalTime();
                        if (!_everyHour)
                            break;
                    }
                }
                else
                {
                    yield return new DateTimeOffset(local, _zone.GetUtcOffset(local)).ToUniversalTime();
                }
            }
        }
    }

    private DateTimeOffset AfterGap(DateTime local)
    {
        while (_zone.IsInvalidTime(local))
            local = local.AddMinutes(1);
        return new DateTimeOffset(local, _zone.GetUtcOffset(local)).ToUniversalTime();
    }

    private ulong Field(string field, int least, int most, string[] names, int firstName)
    {
        ulong bits = 0;
        foreach (var part in field.Split(','))
        {
            var (range, step) = part.Split('/') switch
            {
                [var only] => (only, 1),
                [var left, var right] when int.TryParse(right, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0 => (left, number),
                _ => throw Invalid($"'{part}' has a step that is no number above 0"),
            };
            var hasStep = part.Contains('/');
            int from, to;
            if (range == "*")
            {
                (from, to) = (least, most == 7 ? 6 : most);
            }
            else
            {
                var ends = range.Split('-');
                if (ends.Length > 2)
                    throw Invalid($"'{part}' is no range");
                from = Value(ends[0]);
                to = ends.Length == 2 ? Value(ends[1]) : hasStep ? most : from;
                if (to < from)
                    throw Invalid($"'{part}' goes backwards");
            }

            for (var value = from; value <= to; value += step)
                bits |= 1UL << value;
        }

        return bits;

        int Value(string word)
        {
            var name = Array.IndexOf(names, word);
            if (name >= 0)
                return name + firstName;
            if (int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most)
                return number;
            throw Invalid($"'{word}' is not between {least} and {most}");
        }
    }

    private StreamingException Invalid(string why) => new("schedule_invalid", $"The schedule '{_text}' cannot be read: {why}. An example: 30 3 * * mon-fri");
}
