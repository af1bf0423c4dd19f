using System.Globalization;
using System.Text.RegularExpressions;

namespace Streaming.Core.Topology.Language;

/// <summary>Reads and writes numbers, durations and sizes the way people write them in a topology.</summary>
internal static class SettingText
{
    public const string DurationPattern = "^(0|[0-9]{1,12}(\\.[0-9]{1,6})?(ms|s|m|h|d))$";

    public const string SizePattern = "^[0-9]{1,15}(B|KB|MB|GB|KiB|MiB|GiB)?$";

    private static readonly Regex DurationForm = Whole(DurationPattern);
    private static readonly Regex SizeForm = Whole(SizePattern);
    private static readonly Regex IntegerForm = Whole("^[-+]?[0-9]+$");
    private static readonly Regex NumberForm = Whole("^[-+]?(\\.[0-9]+|[0-9]+(\\.[0-9]*)?)([eE][-+]?[0-9]+)?$");
    private static readonly Regex OtherNumberForm = Whole("^([-+]?\\.(inf|Inf|INF)|\\.(nan|NaN|NAN)|0x[0-9a-fA-F]+|0o[0-7]+)$");

    private static readonly (string Unit, double Milliseconds)[] Durations =
        [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

    // The longest unit first: "KiB" ends in "B".
    private static readonly (string Unit, long Bytes)[] Sizes =
        [("KiB", 1L << 10), ("MiB", 1L << 20), ("GiB", 1L << 30), ("KB", 1_000), ("MB", 1_000_000), ("GB", 1_000_000_000), ("B", 1)];

    /// <summary>A pattern of the JSON Schema as .NET reads it: there, a final <c>$</c> also matches before a line feed.</summary>
    public static Regex Whole(string pattern) => new(
        pattern.EndsWith('$') ? pattern[..^1] + "\\z" : pattern,
        RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);

    public static bool TryDuration(string text, out TimeSpan value)
    {
        value = TimeSpan.Zero;
        if (!DurationForm.IsMatch(text))
        {
            return false;
        }

        if (text == "0")
        {
            return true;
        }

        var digits = text.AsSpan().TrimEnd("mshd");
        var unit = text[digits.Length..];
        var number = double.Parse(digits, CultureInfo.InvariantCulture);
        var milliseconds = number * Durations.First(d => d.Unit == unit).Milliseconds;
        value = milliseconds > TimeSpan.MaxValue.TotalMilliseconds / 2 ? TimeSpan.MaxValue : TimeSpan.FromMilliseconds(milliseconds);
        return true;
    }

    public static bool TrySize(string text, out long value)
    {
        value = 0;
        if (!SizeForm.IsMatch(text))
        {
            return false;
        }

        var digits = text.AsSpan().TrimEnd("KMGiB");
        var unit = text[digits.Length..];
        var number = long.Parse(digits, CultureInfo.InvariantCulture);
        var factor = unit.Length == 0 ? 1 : Sizes.First(s => s.Unit == unit).Bytes;
        value = number > long.MaxValue / factor ? long.MaxValue : number * factor;
        return true;
    }

    public static bool IsInteger(string text) => IntegerForm.IsMatch(text);

    /// <summary>A number as YAML's core schema and JSON know it; no infinities.</summary>
    public static bool IsNumber(string text) => NumberForm.IsMatch(text);

    /// <summary>Anything that YAML's core schema takes for a number, so that it is no text.</summary>
    public static bool IsYamlNumber(string text) => IsNumber(text) || OtherNumberForm.IsMatch(text);

    public static bool IsBoolean(string text) => text is "true" or "True" or "TRUE" or "false" or "False" or "FALSE";

    public static string Show(double value) => value.ToString("0.######", CultureInfo.InvariantCulture);

    public static string Show(TimeSpan value)
    {
        var milliseconds = value.TotalMilliseconds;
        for (var i = Durations.Length - 1; i > 0; i--)
        {
            if (milliseconds >= Durations[i].Milliseconds && milliseconds % Durations[i].Milliseconds == 0)
            {
                return Show(milliseconds / Durations[i].Milliseconds) + Durations[i].Unit;
            }
        }

        return milliseconds == 0 ? "0ms" : Show(milliseconds) + "ms";
    }

    public static string ShowSize(long value)
    {
        foreach (var (unit, bytes) in new[] { Sizes[2], Sizes[1], Sizes[0] })
        {
            if (value >= bytes && value % bytes == 0)
            {
                return (value / bytes).ToString(CultureInfo.InvariantCulture) + unit;
            }
        }

        return value.ToString(CultureInfo.InvariantCulture) + "B";
    }

    /// <summary>A value as one would write it.</summary>
    public static string? Show(object? value, SettingType type) => value switch
    {
        null => null,
        long size when type is SizeType => ShowSize(size),
        long number => number.ToString(CultureInfo.InvariantCulture),
        double number => Show(number),
        bool flag => flag ? "true" : "false",
        TimeSpan duration => Show(duration),
        string text => text,
        IReadOnlyList<object?> list => "[" + string.Join(", ", list.Select(i => Show(i, (type as ListType)?.Item ?? type))) + "]",
        _ => throw new InvalidOperationException($"A setting of type {value.GetType().Name} has no written form; this is a bug."),
    };
}
