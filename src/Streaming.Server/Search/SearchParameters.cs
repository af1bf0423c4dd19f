using System.Globalization;
using Streaming.Core;
using Streaming.Core.Search;

namespace Streaming.Server.Search;

/// <summary>Reads search conditions as people write them, for HTTP and the command line alike.</summary>
public static class SearchParameters
{
    /// <summary>
    /// A moment: ISO 8601 (<c>2026-01-31</c>, <c>2026-01-31T12:00:00Z</c>; without an offset it is UTC), or an age before
    /// <paramref name="now"/>: <c>90m</c>, <c>24h</c>, <c>7d</c>, <c>2w</c>.
    /// </summary>
    /// <exception cref="StreamingException"><c>invalid_time</c>.</exception>
    public static DateTimeOffset ParseTime(string name, string value, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(value);
        if (value.Length is >= 2 and <= 7
            && int.TryParse(value.AsSpan(0, value.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            && count <= 100_000)
        {
            switch (value[^1])
            {
                case 'm': return now.AddMinutes(-count);
                case 'h': return now.AddHours(-count);
                case 'd': return now.AddDays(-count);
                case 'w': return now.AddDays(-7.0 * count);
                default: break;
            }
        }

        if (DateTimeOffset.TryParse(value, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var moment) && value.Contains('-', StringComparison.Ordinal))
            return moment;
        throw new StreamingException("invalid_time", $"{name} is '{Shorten(value)}'; write a date (2026-01-31), a time (2026-01-31T12:00:00Z), or an age (90m, 24h, 7d, 2w)");
    }

    /// <summary>Order of the hits: <c>relevance</c> or <c>newest</c>.</summary>
    /// <exception cref="StreamingException"><c>invalid_parameter</c>.</exception>
    public static SearchOrder ParseOrder(string name, string value) => value switch
    {
        "relevance" => SearchOrder.Relevance,
        "newest" => SearchOrder.Newest,
        _ => throw new StreamingException("invalid_parameter", $"{name} is '{Shorten(value)}'; it must be relevance or newest"),
    };

    /// <summary>A whole number within bounds.</summary>
    /// <exception cref="StreamingException"><c>invalid_parameter</c>.</exception>
    public static int ParseCount(string name, string value, int min, int max) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= min && number <= max
            ? number
            : throw new StreamingException("invalid_parameter", string.Create(CultureInfo.InvariantCulture, $"{name} is '{Shorten(value)}'; it must be a whole number from {min} to {max}"));

    private static string Shorten(string value) => value.Length <= 40 ? value : string.Concat(value.AsSpan(0, 40), "…");
}
