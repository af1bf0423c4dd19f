using System.Globalization;
using System.Text;

namespace Streaming.Core.Topology;

/// <summary>Shows text from a file inside a message: short, on one line, without anything a terminal would act on.</summary>
internal static class Quoting
{
    private const int MaxShown = 60;

    public static string Quote(string text)
    {
        var shown = new StringBuilder("`");
        var count = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            if (count++ == MaxShown)
            {
                shown.Append('…');
                break;
            }

            if (IsPrintable(rune))
            {
                shown.Append(rune.ToString());
            }
            else
            {
                shown.Append(CultureInfo.InvariantCulture, $"\\u{rune.Value:x4}");
            }
        }

        return shown.Append('`').ToString();
    }

    public static string List(IEnumerable<string> values) => string.Join(", ", values.Select(v => $"`{v}`"));

    // Control, format (zero-width, bidirectional overrides), private use and unassigned code points are shown by number.
    private static bool IsPrintable(Rune rune) => Rune.GetUnicodeCategory(rune) is not
        (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.PrivateUse or UnicodeCategory.Surrogate
        or UnicodeCategory.OtherNotAssigned or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator);
}
