using System.Text;
using System.Text.Json;
using Streaming.Contracts;
using Streaming.Core.Messaging;

namespace Streaming.Cli.Soak;

/// <summary>Ordinary texts, odd ones that must be indexed all the same, and bad ones that must become dead letters.</summary>
internal sealed class SoakMessages(IReadOnlyList<string> texts)
{
    private const int BadEvery = 20;
    private const int OddEvery = 33;

    private static readonly byte[][] Bad =
    [
        "{\"text\":\"cut off"u8.ToArray(),
        [0xFF, 0xFE, 0x00, 0x80],
        "{\"text\":\"\\ud800\"}"u8.ToArray(),
        "{\"text\":5}"u8.ToArray(),
        "{\"id\":\"\",\"text\":\"nobody's\"}"u8.ToArray(),
        Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("{\"a\":", 5_000))),
    ];

    private readonly string[] _odd =
    [
        "👩‍👩‍👧 \u200Bzero\u200Dwidth\u202E and the other way round",
        "NUL \0 and a bell \a in the middle",
        "<script>alert(1)</script> '); DROP TABLE documents;-- %s%n",
        string.Join(' ', Enumerable.Repeat("A long story about Paris that goes on and on.", 200)),
        new string('x', 5_000),
        ".",
    ];

    /// <summary>Whether a message of this number is bad on purpose.</summary>
    public static bool IsBad(int number) => number % BadEvery == BadEvery - 1;

    /// <summary>A message of this number.</summary>
    public OutgoingMessage Make(int number)
    {
        IReadOnlyList<MessageHeader> headers = [new MessageHeader(SoakLedger.Header, Encoding.ASCII.GetBytes(number.ToString(System.Globalization.CultureInfo.InvariantCulture)))];
        if (IsBad(number))
            return new OutgoingMessage { Value = Bad[number / BadEvery % Bad.Length], Headers = headers };
        var text = number % OddEvery == 0 ? _odd[number / OddEvery % _odd.Length] : texts[number % texts.Count];
        return new OutgoingMessage { Value = JsonSerializer.SerializeToUtf8Bytes(new TextMessage { Id = SoakLedger.IdOf(number), Text = text, Source = "soak" }, ContractsJson.Default.TextMessage), Headers = headers };
    }
}
