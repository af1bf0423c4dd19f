using System.Text;

namespace Streaming.Adapters.Sqlite.Search;

/// <summary>Makes words that people take for the same equal: lower case, Latin and Greek letters without their marks, full width as ASCII.</summary>
internal static class SearchFolding
{
    // Base letters of U+00C0–U+024F and U+1E00–U+1EFF, '.' where there is none (from UnicodeData.txt decompositions;
    // o, l, d, h, t, i and b with a stroke, and dotless i, are added).
    private const string Latin =
        "aaaaaa.ceeeeiiii.nooooo.ouuuuy..aaaaaa.ceeeeiiii.nooooo.ouuuuy.yaaaaaaccccccccdd" +
        "ddeeeeeeeeeegggggggghhhhiiiiiiiiii..jjkk.llllll..llnnnnnn...oooooo..rrrrrrssssss" +
        "ssttttttuuuuuuuuuuuuwwyyyzzzzzz.b...............................oo.............u" +
        "u............................aaiioouuuuuuuuuu.aaaa....ggkkoooo..j...gg..nnaa...." +
        "aaaaeeeeiiiioooorrrruuuusstt..hh......aaeeooooooooyy............................";

    private const string LatinAdditional =
        "aabbbbbbccddddddddddeeeeeeeeeeffgghhhhhhhhhhiiiikkkkkkllllllllmmmmmmnnnnnnnnoooo" +
        "oooopppprrrrrrrrssssssssssttttttttuuuuuuuuuuvvvvwwwwwwwwwwxxxxyyzzzzzzhtwy......" +
        "aaaaaaaaaaaaaaaaaaaaaaaaeeeeeeeeeeeeeeeeiiiioooooooooooooooooooooooouuuuuuuuuuuu" +
        "uuyyyyyyyy......";

    private const string GreekMarked = "άέήίόύώϊϋΐΰς";
    private const string GreekPlain = "αεηιουωιυιυσ";

    internal static Rune Fold(Rune rune)
    {
        var value = rune.Value;
        if (value < 0x80)
            return value is >= 'A' and <= 'Z' ? new Rune(value | 0x20) : rune;
        if (value is >= 0xFF01 and <= 0xFF5E)
            return Fold(new Rune(value - 0xFEE0));
        if (value is >= 0xC0 and <= 0x24F && Latin[value - 0xC0] is var latin and not '.')
            return new Rune(latin);
        if (value is >= 0x1E00 and <= 0x1EFF && LatinAdditional[value - 0x1E00] is var more and not '.')
            return new Rune(more);
        var lower = Rune.ToLowerInvariant(rune);
        if (lower.Value is >= 0x390 and <= 0x3CE && GreekMarked.IndexOf((char)lower.Value) is var at and >= 0)
            return new Rune(GreekPlain[at]);
        return lower.Value == 'ё' ? new Rune('е') : lower;
    }

    /// <summary>Folds every character; for names of entities and aspects, which are compared as a whole.</summary>
    internal static string FoldCase(string value) => value.ToLowerInvariant();
}
