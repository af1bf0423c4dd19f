using System.Globalization;

namespace Streaming.Text.Tokenization.Normalizing;

/// <summary>
/// Decompositions, combining classes and compositions of Unicode 9.0, from an embedded table: the runtime has none without
/// culture data, and a model expects the Unicode version that it was trained with.
/// </summary>
internal sealed class UnicodeForms
{
    private const int HangulFirst = 0xAC00;
    private const int HangulCount = 11172;
    private const int Leads = 19, Vowels = 21, Trails = 28;

    private static readonly Lazy<UnicodeForms> LazyShared = new(static () => new UnicodeForms());

    private readonly Dictionary<int, int[]> _canonical = [];
    private readonly Dictionary<int, int[]> _compatible = [];
    private readonly Dictionary<int, byte> _classes = [];
    private readonly Dictionary<(int First, int Second), int> _compositions = [];

    private UnicodeForms() => EmbeddedTable.Read("Streaming.Text.Tokenization.UnicodeForms.txt", Read);

    /// <summary>The tables; read when first needed, 70 kB.</summary>
    internal static UnicodeForms Shared => LazyShared.Value;

    /// <summary>Canonical combining class.</summary>
    internal int ClassOf(int scalar) => scalar < 0x300 ? 0 : _classes.GetValueOrDefault(scalar);

    /// <summary>Whether a scalar stays as it is in every form and never joins the one before it.</summary>
    internal static bool IsInert(int scalar) => scalar < 0xA0;

    /// <summary>Full decomposition into <paramref name="room"/>, at least 18 long; the number of scalars.</summary>
    internal int Decompose(int scalar, bool compatible, Span<int> room)
    {
        if ((uint)(scalar - HangulFirst) < HangulCount)
        {
            // The Unicode Standard, section 3.12.
            var index = scalar - HangulFirst;
            room[0] = 0x1100 + (index / (Vowels * Trails));
            room[1] = 0x1161 + (index % (Vowels * Trails) / Trails);
            room[2] = 0x11A7 + (index % Trails);
            return index % Trails == 0 ? 2 : 3;
        }

        if ((compatible && _compatible.TryGetValue(scalar, out var parts)) || _canonical.TryGetValue(scalar, out parts))
        {
            parts.CopyTo(room);
            return parts.Length;
        }

        room[0] = scalar;
        return 1;
    }

    /// <summary>What two scalars become together; -1: nothing.</summary>
    internal int Compose(int first, int second)
    {
        if ((uint)(first - 0x1100) < Leads && (uint)(second - 0x1161) < Vowels)
            return HangulFirst + ((((first - 0x1100) * Vowels) + second - 0x1161) * Trails);
        if ((uint)(first - HangulFirst) < HangulCount && (first - HangulFirst) % Trails == 0 && (uint)(second - 0x11A8) < Trails - 1)
            return first + second - 0x11A7;
        return _compositions.GetValueOrDefault((first, second), -1);
    }

    private static int Hex(ReadOnlySpan<char> text) => int.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    private void Read(string section, string line)
    {
        var arrow = line.IndexOf('>', StringComparison.Ordinal);
        var left = line[..arrow];
        var right = Array.ConvertAll(line[(arrow + 1)..].Split(' '), static part => Hex(part));
        if (section == "[compositions]")
        {
            var space = left.IndexOf(' ', StringComparison.Ordinal);
            _compositions.Add((Hex(left.AsSpan(0, space)), Hex(left.AsSpan(space + 1))), right[0]);
            return;
        }

        var dash = left.IndexOf('-', StringComparison.Ordinal);
        var first = Hex(dash < 0 ? left : left.AsSpan(0, dash));
        var last = dash < 0 ? first : Hex(left.AsSpan(dash + 1));
        for (var scalar = first; scalar <= last; scalar++)
        {
            switch (section)
            {
                case "[canonical]":
                    _canonical.Add(scalar, dash < 0 ? right : [right[0] + scalar - first]);
                    break;
                case "[compatible]":
                    _compatible.Add(scalar, dash < 0 ? right : [right[0] + scalar - first]);
                    break;
                default:
                    _classes.Add(scalar, (byte)right[0]);
                    break;
            }
        }
    }
}
