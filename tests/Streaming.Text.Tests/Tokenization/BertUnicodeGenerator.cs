using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Streaming.Text.Tests.Tokenization;

/// <summary>
/// Writes the embedded resource <c>Tokenization/BertUnicode.txt</c> from the golden <c>unicode_classes.json</c> files.
/// Runtimes carry newer Unicode data than the libraries that models were trained with, so the table is data, not code.
/// </summary>
/// <remarks>To renew it run the test <c>BertUnicodeTests</c> with the environment variable STREAMING_RENEW=1.</remarks>
internal static class BertUnicodeGenerator
{
    internal static string Generate(JsonElement uncased, JsonElement cased)
    {
        var removed = Expand(cased, "removed");
        var stripped = Expand(uncased, "removed");
        if (!removed.IsSubsetOf(stripped))
            throw new InvalidDataException("The cased table removes what the uncased one keeps.");
        stripped.ExceptWith(removed);
        foreach (var shared in (string[])["to_space", "padded_with_spaces", "pretokenizer_isolates"])
        {
            if (shared != "padded_with_spaces" && !Expand(cased, shared).SetEquals(Expand(uncased, shared)))
                throw new InvalidDataException($"The tables differ in '{shared}'.");
        }

        var text = new StringBuilder();
        text.Append("# What the BERT normaliser and pre-tokeniser do with each Unicode scalar value; generated, see BertUnicodeGenerator.\n");
        Section(text, "removed", removed);
        Section(text, "accents", stripped);
        var spaces = Expand(cased, "to_space");
        spaces.Add(' ');
        Section(text, "spaces", spaces);
        Section(text, "cjk", Expand(cased, "padded_with_spaces"));
        Section(text, "isolated", Expand(cased, "pretokenizer_isolates"));
        text.Append("[lowered]\n");
        var map = uncased.GetProperty("mapped").EnumerateObject()
            .Select(pair => (From: Hex(pair.Name), To: pair.Value.GetString()!.Split(' ').Where(part => part != "20").Select(Hex).ToArray()))
            .OrderBy(pair => pair.From).ToList();
        for (var first = 0; first < map.Count;)
        {
            // A run: consecutive scalars whose targets are consecutive too.
            var last = first;
            while (last + 1 < map.Count && map[last + 1].From == map[last].From + 1 && map[first].To.Length == 1
                && map[last + 1].To.Length == 1 && map[last + 1].To[0] == map[last].To[0] + 1)
            {
                last++;
            }

            text.Append(Range(map[first].From, map[last].From)).Append('>')
                .AppendJoin(' ', map[first].To.Select(scalar => scalar.ToString("X", CultureInfo.InvariantCulture))).Append('\n');
            first = last + 1;
        }

        return text.ToString();
    }

    internal static HashSet<int> Expand(JsonElement classes, string name)
    {
        var set = new HashSet<int>();
        foreach (var range in classes.GetProperty(name).EnumerateArray().Select(item => item.GetString()!))
        {
            var dash = range.IndexOf('-', StringComparison.Ordinal);
            var first = Hex(dash < 0 ? range : range[..dash]);
            var last = dash < 0 ? first : Hex(range[(dash + 1)..]);
            for (var scalar = first; scalar <= last; scalar++)
                set.Add(scalar);
        }

        return set;
    }

    internal static int Hex(string text) => int.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    private static string Range(int first, int last) => first == last
        ? first.ToString("X", CultureInfo.InvariantCulture)
        : string.Create(CultureInfo.InvariantCulture, $"{first:X}-{last:X}");

    private static void Section(StringBuilder text, string name, HashSet<int> scalars)
    {
        text.Append('[').Append(name).Append("]\n");
        var sorted = scalars.Order().ToList();
        for (var first = 0; first < sorted.Count;)
        {
            var last = first;
            while (last + 1 < sorted.Count && sorted[last + 1] == sorted[last] + 1)
                last++;
            text.Append(Range(sorted[first], sorted[last])).Append('\n');
            first = last + 1;
        }
    }
}
