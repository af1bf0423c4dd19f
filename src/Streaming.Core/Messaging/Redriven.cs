using System.Globalization;
using System.Text;
using Streaming.Contracts;

namespace Streaming.Core.Messaging;

/// <summary>
/// What a message carries that was dead-lettered and written to its topic again: how often it was tried, and the offset it
/// had at first. Its document keeps the version of that first place, so a message written since for the same key stays the newer one.
/// </summary>
public static class Redriven
{
    /// <summary>Headers to write a letter's message back with: its own, tries and first offset brought up to date.</summary>
    public static IReadOnlyList<MessageHeader> Headers(DeadLetter letter)
    {
        ArgumentNullException.ThrowIfNull(letter);
        var first = Number(letter.Headers, MessageHeader.FirstOffset) ?? letter.Offset;
        return
        [
            .. letter.Headers.Where(static header => header.Name is not (MessageHeader.Attempts or MessageHeader.FirstOffset)),
            Header(MessageHeader.Attempts, letter.Attempts),
            Header(MessageHeader.FirstOffset, first),
        ];
    }

    /// <summary>How often a message was tried before; 0 when it was not redriven.</summary>
    public static int Attempts(SourceMessage message)
    {
        ArgumentNullException.ThrowIfNull(message);
        return (int)Math.Min(Number(message.Headers, MessageHeader.Attempts) ?? 0, int.MaxValue - 1);
    }

    /// <summary>The offset that orders a message's document: that of its first place, which lies before the one it has now.</summary>
    public static long OrderingOffset(SourceMessage message)
    {
        ArgumentNullException.ThrowIfNull(message);
        return message.Headers.Count > 0 && Number(message.Headers, MessageHeader.FirstOffset) is { } first && first < message.Offset ? first : message.Offset;
    }

    private static MessageHeader Header(string name, long value) => new(name, Encoding.ASCII.GetBytes(value.ToString(CultureInfo.InvariantCulture)));

    private static long? Number(IReadOnlyList<MessageHeader> headers, string name)
    {
        foreach (var header in headers)
        {
            if (header.Name == name && header.Value is { Length: > 0 and < 18 } value
                && long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            {
                return number;
            }
        }

        return null;
    }
}
