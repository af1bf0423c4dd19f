using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Streaming.Text.Tokenization.Loading;

/// <summary>
/// Numbers as the tokenisers' library reads them: all digits as one whole number, then one division by a power of ten. That
/// can be a unit in the last place away from the nearest double, and paths through a word that score alike are told apart by it.
/// </summary>
internal static class JsonNumbers
{
    private const int MostDigits = 19;

    // 10^22 is the last power that a double holds exactly.
    private static readonly double[] Powers = [1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22];

    /// <summary>Reads a number; false when it is none or not finite.</summary>
    internal static bool TryRead(JsonElement element, out double value)
    {
        value = 0;
        if (element.ValueKind != JsonValueKind.Number)
            return false;
        var raw = JsonMarshal.GetRawUtf8Value(element);
        var isNegative = raw[0] == (byte)'-';
        ulong digits = 0;
        var (count, places) = (0, 0);
        var isFraction = false;
        foreach (var letter in isNegative ? raw[1..] : raw)
        {
            if (letter == (byte)'.')
            {
                isFraction = true;
                continue;
            }

            if (!char.IsAsciiDigit((char)letter) || count == MostDigits || places == Powers.Length - 1)
                return double.TryParse(raw, NumberStyles.Float, CultureInfo.InvariantCulture, out value) && double.IsFinite(value);
            digits = (digits * 10) + (ulong)(letter - '0');
            count += digits > 0 ? 1 : 0;
            places += isFraction ? 1 : 0;
        }

        value = digits / Powers[places];
        value = isNegative ? -value : value;
        return true;
    }
}
