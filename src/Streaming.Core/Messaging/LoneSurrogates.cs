namespace Streaming.Core.Messaging;

/// <summary>
/// Finds <c>\uD800</c>–<c>\uDFFF</c> escapes that are not a pair. RFC 8259 allows them in JSON, but they are no text:
/// UTF-8 has no form for them, and readers fail on them late and far away.
/// </summary>
internal static class LoneSurrogates
{
    /// <summary>Looks at the escapes of a JSON value; backslashes occur only within its strings.</summary>
    public static bool AreEscapedIn(ReadOnlySpan<byte> json)
    {
        while (true)
        {
            var at = json.IndexOf((byte)'\\');
            if (at < 0 || at + 1 >= json.Length)
                return false;
            json = json[at..];
            var unit = Escape(json);
            if (unit < 0xD800 || unit > 0xDFFF)
            {
                json = json[2..];
                continue;
            }

            if (unit >= 0xDC00 || Escape(json[6..]) is < 0xDC00 or > 0xDFFF)
                return true;
            json = json[12..];
        }
    }

    /// <summary>The code unit of a <c>\uXXXX</c> at the start, or -1.</summary>
    private static int Escape(ReadOnlySpan<byte> json)
    {
        if (json.Length < 6 || json[0] != '\\' || json[1] != 'u')
            return -1;
        var unit = 0;
        foreach (var digit in json[2..6])
        {
            var value = digit switch
            {
                >= (byte)'0' and <= (byte)'9' => digit - '0',
                >= (byte)'a' and <= (byte)'f' => digit - 'a' + 10,
                >= (byte)'A' and <= (byte)'F' => digit - 'A' + 10,
                _ => -1,
            };
            if (value < 0)
                return -1;
            unit = (unit << 4) | value;
        }

        return unit;
    }
}
