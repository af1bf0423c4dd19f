using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Streaming.Testing;
using Streaming.Text.Tokenization;

namespace Streaming.Text.Tests.Tokenization;

public sealed class BertUnicodeTests
{
    private static readonly JsonElement UncasedClasses = Golden.ReadJson("wordpiece/unicode_classes.json");
    private static readonly JsonElement CasedClasses = Golden.ReadJson("wordpiece_cased/unicode_classes.json");

    [Fact]
    public void Resource_GeneratedAgain_IsTheSame()
    {
        var path = Path.Combine(SharedFolder.RepositoryRoot, "src", "Streaming.Text", "Tokenization", "BertUnicode.txt");
        var generated = BertUnicodeGenerator.Generate(UncasedClasses, CasedClasses);
        if (Environment.GetEnvironmentVariable("STREAMING_RENEW") == "1")
            File.WriteAllText(path, generated);

        Assert.Equal(generated, File.ReadAllText(path));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void KindOf_EveryScalarValue_IsWhatTheLibraryDoes(bool uncased)
    {
        var classes = uncased ? UncasedClasses : CasedClasses;
        var table = BertUnicode.Load(uncased);
        var removed = BertUnicodeGenerator.Expand(classes, "removed");
        var spaces = BertUnicodeGenerator.Expand(classes, "to_space");
        var padded = BertUnicodeGenerator.Expand(classes, "padded_with_spaces");
        var isolated = BertUnicodeGenerator.Expand(classes, "pretokenizer_isolates");
        spaces.Add(' ');
        var mapped = Mapped(classes);
        for (var scalar = 0; scalar < BertUnicode.ScalarLimit; scalar++)
        {
            if (scalar is >= 0xD800 and < 0xE000)
                continue;
            var expected = removed.Contains(scalar) ? ScalarKind.Removed
                : spaces.Contains(scalar) ? ScalarKind.Space
                : padded.Contains(scalar) || isolated.Contains(scalar) ? ScalarKind.Single
                : ScalarKind.Word;
            if (mapped.TryGetValue(scalar, out var target) && target.StartsWith("20 ", StringComparison.Ordinal))
                expected = ScalarKind.Single;
            if (table.KindOf(scalar) != expected)
                Assert.Fail($"U+{scalar:X4} is {table.KindOf(scalar)} instead of {expected}.");
        }
    }

    [Fact]
    public void MappingOf_EveryScalarValue_IsWhatTheLibraryDoes()
    {
        var (uncased, cased) = (BertUnicode.Load(uncased: true), BertUnicode.Load(uncased: false));
        var lines = new StringBuilder();
        var mapped = Mapped(UncasedClasses);
        var count = 0;
        for (var scalar = 0; scalar < BertUnicode.ScalarLimit; scalar++)
        {
            if (scalar is >= 0xD800 and < 0xE000)
                continue;
            var actual = uncased.MappingOf(scalar);
            if (cased.MappingOf(scalar) is not null)
                Assert.Fail($"U+{scalar:X4} is mapped by the cased table.");
            var text = actual is null ? null : string.Join(' ', actual.Select(part => part.ToString("X", CultureInfo.InvariantCulture)));
            if (mapped.TryGetValue(scalar, out var expected))
            {
                Assert.Equal(string.Join(' ', expected.Split(' ').Where(part => part != "20")), text);
            }
            else if (scalar is >= 0xAC00 and < 0xD7A4)
            {
                count++;
                lines.Append(CultureInfo.InvariantCulture, $"{scalar:X}\t{text}\n");
            }
            else if (text is not null)
            {
                Assert.Fail($"U+{scalar:X4} is mapped to {text}.");
            }
        }

        var hangul = UncasedClasses.GetProperty("mapped_hangul_syllables");
        Assert.Equal(hangul.GetProperty("count").GetInt32(), count);
        var rule = SHA256.HashData(Encoding.ASCII.GetBytes(lines.ToString()));
        Assert.Equal(hangul.GetProperty("sha256_of_lines_cp_tab_mapping").GetString(), Convert.ToHexStringLower(rule));
    }

    private static Dictionary<int, string> Mapped(JsonElement classes) => classes.GetProperty("mapped").EnumerateObject()
        .ToDictionary(pair => BertUnicodeGenerator.Hex(pair.Name), pair => pair.Value.GetString()!);
}
