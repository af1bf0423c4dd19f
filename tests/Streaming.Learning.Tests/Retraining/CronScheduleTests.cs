using System.Globalization;
using Streaming.Core;
using Streaming.Learning.Retraining;

namespace Streaming.Learning.Tests.Retraining;

public sealed class CronScheduleTests
{
    [Theory]
    [InlineData("* * * * *", "2026-03-01T10:00:30Z", "2026-03-01T10:01:00Z")]
    [InlineData("0 3 * * *", "2026-03-01T03:00:00Z", "2026-03-02T03:00:00Z")]
    [InlineData("*/15 * * * *", "2026-03-01T10:46:00Z", "2026-03-01T11:00:00Z")]
    [InlineData("5/20 * * * *", "2026-03-01T10:06:00Z", "2026-03-01T10:25:00Z")]
    [InlineData("0 0 29 2 *", "2026-03-01T00:00:00Z", "2028-02-29T00:00:00Z")]
    [InlineData("0 12 * * mon-fri", "2026-11-20T12:00:00Z", "2026-11-23T12:00:00Z")]
    [InlineData("0 12 * * 7", "2026-11-21T12:00:00Z", "2026-11-22T12:00:00Z")]
    [InlineData("0 0 13 * fri", "2026-11-01T00:00:00Z", "2026-11-06T00:00:00Z")]
    [InlineData("0 0 1,15 jan,jul *", "2026-01-15T00:00:00Z", "2026-07-01T00:00:00Z")]
    [InlineData("@weekly", "2026-11-21T00:00:00Z", "2026-11-22T00:00:00Z")]
    [InlineData("@monthly", "2026-11-21T00:00:00Z", "2026-12-01T00:00:00Z")]
    [InlineData("59 23 31 12 *", "2026-12-31T23:59:00Z", "2027-12-31T23:59:00Z")]
    public void Next_Utc_IsTheNextTime(string expression, string after, string expected) =>
        Assert.Equal(At(expected), CronSchedule.Parse(expression, null).Next(At(after)));

    [Theory]
    // Berlin skips 02:00–03:00 on 2026-03-29 and has 02:00–03:00 twice on 2026-10-25.
    [InlineData("30 2 * * *", "2026-03-28T12:00:00Z", "2026-03-29T01:00:00Z")]
    [InlineData("30 2 * * *", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z")]
    [InlineData("30 * * * *", "2026-03-29T00:30:00Z", "2026-03-29T01:30:00Z")]
    [InlineData("30 2 * * *", "2026-10-24T12:00:00Z", "2026-10-25T00:30:00Z")]
    [InlineData("30 2 * * *", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z")]
    [InlineData("30 * * * *", "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z")]
    [InlineData("0 9 * * *", "2026-07-01T06:59:00Z", "2026-07-01T07:00:00Z")]
    public void Next_BerlinAroundTheChangeOfClocks_HappensOnceAndNeverNot(string expression, string after, string expected) =>
        Assert.Equal(At(expected), CronSchedule.Parse(expression, "Europe/Berlin").Next(At(after)));

    [Theory]
    [InlineData("Asia/Kathmandu")]
    [InlineData("America/Sao_Paulo")]
    [InlineData("Australia/Lord_Howe")]
    public void Next_AYearOfDays_ComesOnceADay(string zone)
    {
        var schedule = CronSchedule.Parse("45 1 * * *", zone);
        var at = At("2026-01-01T00:00:00Z");
        var gaps = new List<TimeSpan>();
        for (var day = 0; day < 365; day++)
        {
            var next = schedule.Next(at)!.Value;
            gaps.Add(next - at);
            at = next;
        }

        Assert.All(gaps.Skip(1), static gap => Assert.InRange(gap.TotalHours, 22.9, 25.1));
    }

    [Fact]
    public void Next_DayThatNeverIs_IsNone() => Assert.Null(CronSchedule.Parse("0 0 31 2 *", null).Next(At("2026-01-01T00:00:00Z")));

    [Theory]
    [InlineData("* * * *")]
    [InlineData("60 * * * *")]
    [InlineData("* 24 * * *")]
    [InlineData("* * 0 * *")]
    [InlineData("* * * 13 *")]
    [InlineData("* * * * 8")]
    [InlineData("*/0 * * * *")]
    [InlineData("5-1 * * * *")]
    [InlineData("1-2-3 * * * *")]
    [InlineData("-5 * * * *")]
    [InlineData("a * * * *")]
    [InlineData("")]
    public void Parse_NoSchedule_SaysWhy(string expression) =>
        Assert.Equal("schedule_invalid", Assert.Throws<StreamingException>(() => CronSchedule.Parse(expression, null)).Code);

    [Fact]
    public void Parse_UnknownZone_SaysSo() =>
        Assert.Equal("time_zone_unknown", Assert.Throws<StreamingException>(() => CronSchedule.Parse("* * * * *", "Europe/Atlantis")).Code);

    private static DateTimeOffset At(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);
}
