using System.Text;
using System.Text.Json;
using Streaming.Contracts;
using Streaming.Core.Engine;
using Streaming.Core.Messaging;
using Streaming.Testing.Fakes;

namespace Streaming.Core.Tests.Messaging;

public class MessageDecoderTests
{
    private readonly MessageDecoder _decoder = new(new EnrichmentOptions());

    [Fact]
    public void Decode_EveryField_IsRead()
    {
        var message = Decode("""
            {"id":"a","text":"héllo \"x\" 😀","language":"de-AT","event_time":"2024-02-03T04:05:06.5+02:00",
             "source":"tweets","metadata":{"n":1e400,"deep":[1,{"x":null}]},"later_field":[1,2],"other":"ü"}
            """);
        var text = message.Text!;
        Assert.Equal("a", message.Id);
        Assert.Equal("a", text.Id);
        Assert.Equal("héllo \"x\" 😀", text.Text);
        Assert.Equal("de-AT", text.Language);
        Assert.Equal("tweets", text.Source);
        Assert.Equal(new DateTimeOffset(2024, 2, 3, 4, 5, 6, 500, TimeSpan.FromHours(2)), text.EventTime);
        Assert.Equal("""{"n":1e400,"deep":[1,{"x":null}]}""", text.Metadata!.Value.GetRawText());
        Assert.Equal("[1,2]", text.Unknown!["later_field"].GetRawText());
        Assert.Equal("ü", text.Unknown["other"].GetString());
    }

    [Theory]
    [InlineData("plain text")]
    [InlineData("")]
    [InlineData("   ")]
    [InlineData("[1,2]")]
    [InlineData("\"quoted\"")]
    [InlineData("a\u0000b")]
    [InlineData("in the\uFEFFmiddle")]
    [InlineData("\u202e\u200b\u2028")]
    [InlineData("<script>alert(1)</script>")]
    public void Decode_PlainText_IsTheTextAsItIs(string text)
    {
        var message = Decode(text);
        Assert.Equal(text, message.Text!.Text);
        Assert.Equal("raw-3-7", message.Id);
        Assert.Equal(Make.Noon, message.Text.EventTime);
    }

    [Fact]
    public void Decode_ByteOrderMark_IsDropped()
    {
        Assert.Equal("plain", Decode("\uFEFFplain").Text!.Text);
        Assert.Equal("json", Decode("\uFEFF{\"text\":\"json\"}").Text!.Text);
    }

    [Fact]
    public void Decode_JsonBehindWhiteSpace_IsJson() => Assert.Equal("x", Decode(" \r\n\t{\"text\":\"x\"} \n").Text!.Text);

    [Theory]
    [InlineData("no json", "application/json", false)]
    [InlineData("[1,2]", "application/json; charset=utf-8", false)]
    [InlineData("", "application/json", false)]
    [InlineData("no json", "text/plain", true)]
    [InlineData("no json", "application/jsonp", true)]
    [InlineData("{\"text\":\"x\"}", "application/json", true)]
    public void Decode_SaidToBeJson_MustBe(string value, string mediaType, bool isRead)
    {
        var message = new SourceMessage
        {
            Partition = new TopicPartition("t", 0),
            Offset = 0,
            Timestamp = DateTimeOffset.UnixEpoch,
            Value = Encoding.UTF8.GetBytes(value),
            Headers = [new MessageHeader("Content-Type", Encoding.ASCII.GetBytes(mediaType))],
        };
        var outcome = _decoder.Decode(message);
        Assert.Equal(isRead, outcome.IsSuccess);
        if (!isRead)
            Assert.Equal(ErrorCodes.MalformedJson, outcome.Failure!.Code);
    }

    [Fact]
    public void Decode_Key_IsTheIdentity()
    {
        Assert.Equal("key", Decode("plain", "key").Id);
        var json = Decode("""{"text":"x","id":"other"}""", "key");
        Assert.Equal("key", json.Id);
        Assert.Equal("key", json.Text!.Id);
    }

    [Fact]
    public void Decode_NullValueWithKey_IsADelete()
    {
        var message = Decode(null, "key");
        Assert.True(message.IsDelete);
        Assert.Equal("key", message.Id);
    }

    [Fact]
    public void Decode_NullOptionalFields_AreAbsent()
    {
        var text = Decode("""{"text":"x","id":null,"language":null,"source":null,"event_time":null,"metadata":null}""").Text!;
        Assert.Equal("raw-3-7", text.Id);
        Assert.Null(text.Language);
        Assert.Null(text.Metadata);
        Assert.Equal(Make.Noon, text.EventTime);
    }

    [Theory]
    [InlineData("{", ErrorCodes.MalformedJson)]
    [InlineData("{\"text\":\"x\"", ErrorCodes.MalformedJson)]
    [InlineData("{\"text\":\"x\"} trailing", ErrorCodes.MalformedJson)]
    [InlineData("{\"text\":\"x\"}{\"text\":\"y\"}", ErrorCodes.MalformedJson)]
    [InlineData("{\"text\":\"x\",}", ErrorCodes.MalformedJson)]
    [InlineData("{\"text\":\"x\"/*c*/}", ErrorCodes.MalformedJson)]
    [InlineData("{'text':'x'}", ErrorCodes.MalformedJson)]
    [InlineData("{\"text\":\"x\",\"n\":NaN}", ErrorCodes.MalformedJson)]
    [InlineData("{\"text\":\"a\nb\"}", ErrorCodes.MalformedJson)]
    [InlineData("{\"text\":\"\\x\"}", ErrorCodes.MalformedJson)]
    [InlineData("{\"text\":\"x\",\"text\":\"y\"}", ErrorCodes.MalformedJson)]
    [InlineData("{\"text\":\"x\",\"te\\u0078t\":\"y\"}", ErrorCodes.MalformedJson)]
    [InlineData("{\"text\":\"x\",\"a\":1,\"a\":2}", ErrorCodes.MalformedJson)]
    [InlineData("{\"a\":1,\"text\":\"x\",\"\\u0061\":2}", ErrorCodes.MalformedJson)]
    [InlineData("{\"a\":1,\"a\":2}", ErrorCodes.MalformedJson)]
    [InlineData("{\"text\":\"x\",\"a\":{\"b\":{\"c\":1,\"c\":2}}}", ErrorCodes.MalformedJson)]
    [InlineData("{\"text\":\"x\",\"metadata\":{\"a\":1,\"a\":2}}", ErrorCodes.MalformedJson)]
    [InlineData("{\"text\":\"x\",\"a\":{\"b\":[{\"c\":1,\"c\":2}]}}", ErrorCodes.MalformedJson)]
    [InlineData("{}", ErrorCodes.InvalidField)]
    [InlineData("{\"text\":null}", ErrorCodes.InvalidField)]
    [InlineData("{\"text\":1}", ErrorCodes.InvalidField)]
    [InlineData("{\"text\":[\"x\"]}", ErrorCodes.InvalidField)]
    [InlineData("{\"text\":\"x\",\"id\":1}", ErrorCodes.InvalidField)]
    [InlineData("{\"text\":\"x\",\"language\":true}", ErrorCodes.InvalidField)]
    [InlineData("{\"text\":\"x\",\"source\":{}}", ErrorCodes.InvalidField)]
    [InlineData("{\"text\":\"x\",\"event_time\":1700000000}", ErrorCodes.InvalidField)]
    [InlineData("{\"text\":\"x\",\"event_time\":\"yesterday\"}", ErrorCodes.InvalidField)]
    [InlineData("{\"text\":\"x\",\"event_time\":\"2024-01-01\"}", ErrorCodes.InvalidField)]
    [InlineData("{\"text\":\"x\",\"event_time\":\"2024-01-01T00:00:00\"}", ErrorCodes.InvalidField)]
    [InlineData("{\"text\":\"x\",\"event_time\":\"1969-12-31T23:59:59Z\"}", ErrorCodes.InvalidField)]
    [InlineData("{\"text\":\"x\",\"event_time\":\"2024-13-01T00:00:00Z\"}", ErrorCodes.InvalidField)]
    [InlineData("{\"text\":\"x\",\"event_time\":\"10000-01-01T00:00:00Z\"}", ErrorCodes.InvalidField)]
    [InlineData("{\"text\":\"x\",\"id\":\"\"}", ErrorCodes.InvalidId)]
    [InlineData("{\"text\":\"x\",\"id\":\"a\\u0000b\"}", ErrorCodes.InvalidId)]
    [InlineData("{\"text\":\"x\",\"id\":\"a\\nb\"}", ErrorCodes.InvalidId)]
    [InlineData("{\"text\":\"\\ud800\"}", ErrorCodes.LoneSurrogate)]
    [InlineData("{\"text\":\"\\udc00\"}", ErrorCodes.LoneSurrogate)]
    [InlineData("{\"text\":\"\\ud800\\ud800\"}", ErrorCodes.LoneSurrogate)]
    [InlineData("{\"text\":\"\\uD83Dx\"}", ErrorCodes.LoneSurrogate)]
    [InlineData("{\"text\":\"x\",\"metadata\":[\"\\uDEAD\"]}", ErrorCodes.LoneSurrogate)]
    [InlineData("{\"text\":\"x\",\"\\uDEAD\":1}", ErrorCodes.LoneSurrogate)]
    public void Decode_BadValue_FailsWithItsCode(string value, string code) => AssertFails(Bytes(value), code);

    [Theory]
    [InlineData("{\"text\":\"\\uD83D\\uDE00\"}", "😀")]
    [InlineData("{\"text\":\"\\\\ud800\"}", "\\ud800")]
    [InlineData("{\"text\":\"\\\\\\\\ud800\"}", "\\\\ud800")]
    public void Decode_PairedOrEscapedEscape_IsFine(string value, string text) => Assert.Equal(text, Decode(value).Text!.Text);

    [Theory]
    [InlineData(new byte[] { 0xFF })]
    [InlineData(new byte[] { 0xC0, 0x80 })]
    [InlineData(new byte[] { (byte)'a', 0xE2, 0x82 })]
    [InlineData(new byte[] { 0xED, 0xA0, 0xBD, 0xED, 0xB8, 0x80 })]
    [InlineData(new byte[] { 0xFF, 0xFE, (byte)'a', 0 })]
    [InlineData(new byte[] { (byte)'{', (byte)'"', 0xFF, (byte)'"', (byte)'}' })]
    public void Decode_InvalidUtf8_Fails(byte[] value) => AssertFails(value, ErrorCodes.InvalidUtf8);

    [Theory]
    [InlineData(64, true)]
    [InlineData(65, false)]
    [InlineData(10_000, false)]
    public void Decode_Depth_IsLimited(int depth, bool fine)
    {
        // The message itself is the first level.
        var value = "{\"text\":\"x\",\"metadata\":" + new string('[', depth - 1) + new string(']', depth - 1) + "}";
        if (fine)
            Assert.NotNull(Decode(value).Text!.Metadata);
        else
            AssertFails(Bytes(value), ErrorCodes.MalformedJson);
    }

    [Theory]
    [InlineData(512, true)]
    [InlineData(513, false)]
    public void Decode_IdLength_IsLimitedInBytes(int bytes, bool fine)
    {
        var id = new string('é', bytes / 2) + new string('x', bytes % 2);
        var value = $"{{\"text\":\"x\",\"id\":\"{id}\"}}";
        if (fine)
            Assert.Equal(id, Decode(value).Id);
        else
            AssertFails(Bytes(value), ErrorCodes.InvalidId);
        var outcome = _decoder.Decode(Make.Message("x", id));
        Assert.Equal(fine, outcome.IsSuccess);
    }

    [Fact]
    public void Decode_BadKey_Fails()
    {
        Assert.Equal(ErrorCodes.InvalidId, _decoder.Decode(Make.Message("x", "")).Failure!.Code);
        Assert.Equal(ErrorCodes.InvalidId, _decoder.Decode(Make.Message("x", "a\nb")).Failure!.Code);
        Assert.Equal(ErrorCodes.InvalidId, _decoder.Decode(Make.Message((string?)null)).Failure!.Code);
    }

    [Fact]
    public void Decode_TooLarge_FailsBeforeItIsLookedAt()
    {
        var decoder = new MessageDecoder(new EnrichmentOptions { MaxMessageBytes = 1024 });
        Assert.Equal(ErrorCodes.MessageTooLarge, decoder.Decode(Make.Message(new string('x', 1025))).Failure!.Code);
        Assert.True(decoder.Decode(Make.Message(new string('x', 1024))).IsSuccess);
    }

    [Fact]
    public void Decode_FiveThousandKeys_KeepsThem()
    {
        var value = new StringBuilder("{\"text\":\"x\"");
        for (var i = 0; i < 5_000; i++)
            value.Append($",\"k.{Make.Number(i)}\":{Make.Number(i)}");
        Assert.Equal(5_000, Decode(value.Append('}').ToString()).Text!.Unknown!.Count);
    }

    [Theory]
    [InlineData("""{"text":"x","kind":"news","meta":{"a":1,"b":[{"a":2},{"a":3}]},"other":"\u00fc"}""", true)]
    [InlineData("""{"kind":"news","text":"x","a":{},"b":[],"c":[[{}]],"d":null}""", true)]
    [InlineData("""{"text":"x","k\u0069nd":"news","meta":{"a":1}}""", false)]
    [InlineData("""{"text":"x","meta":{"\u0061":1}}""", false)]
    [InlineData("""{"text":"x","kind":"news","lineage":"theirs"}""", false)]
    [InlineData("{\"text\":\"x\",\n\"kind\":\"news\"}", true)]
    [InlineData("{\"text\":\"x\",\"meta\":{\r\n\"a\":1}}", false)]
    public void Decode_UnknownFields_AreThoseOfTheMessage(string value, bool raw)
    {
        var fields = Decode(value).Text!.Unknown!;
        Assert.Equal(raw, fields is RawFields);
        Assert.Equal(Others(value), fields.ToDictionary(f => f.Key, f => f.Value.GetRawText()));
        if (fields is RawFields { Json: var json })
        {
            Assert.Equal(Others(value), Others(Encoding.UTF8.GetString(json.Span)));
            Assert.DoesNotContain("\n", Encoding.UTF8.GetString(json.Span), StringComparison.Ordinal);
            Assert.Throws<NotSupportedException>(() => fields["kind"] = default);
        }
    }

    [Fact]
    public void Decode_RandomObjects_AreReadAsAParserThatKnowsDuplicatesReadsThem()
    {
        var random = new Random(11);
        var refused = 0;
        for (var i = 0; i < 20_000; i++)
        {
            var value = RandomObject(random, 0);
            value = "{\"text\":\"x\"" + (value.Length > 2 ? "," : "") + value[1..];
            var outcome = _decoder.Decode(Make.Message(value));
            Dictionary<string, string>? expected = null;
            try
            {
                expected = Others(value);
            }
            catch (JsonException)
            {
                refused++;
            }

            Assert.Equal(expected is not null, outcome.IsSuccess);
            if (expected is { Count: 0 })
                Assert.Null(outcome.Value!.Text!.Unknown);
            else if (expected is not null)
                Assert.Equal(expected, outcome.Value!.Text!.Unknown!.ToDictionary(f => f.Key, f => f.Value.GetRawText()));
        }

        Assert.InRange(refused, 2_000, 18_000);
    }

    [Fact]
    public void DocumentFields_AreThoseOfTheContract()
    {
        var names = ContractsJson.Wire.EnrichedDocument.Properties.Where(p => !p.IsExtensionData).Select(p => p.Name).ToList();
        Assert.All(names, name => Assert.True(DocumentFields.Contains(name), name));
        Assert.All(names, name => Assert.False(DocumentFields.Contains(name + "s") || DocumentFields.Contains(name.ToUpperInvariant())));
    }

    /// <summary>The fields beside the text, by the library's own parser.</summary>
    private static Dictionary<string, string> Others(string value) =>
        JsonElement.Parse(value, new JsonDocumentOptions { AllowDuplicateProperties = false }).EnumerateObject().Where(f => f.Name != "text").ToDictionary(f => f.Name, f => f.Value.GetRawText());

    private static string RandomObject(Random random, int depth)
    {
        var fields = Enumerable.Range(0, random.Next(depth == 0 && random.Next(20) == 0 ? 40 : 5)).Select(_ =>
        {
            string[] names = ["a", "b", "ab", "\\u0061", "entities", "n" + Make.Number(random.Next(200)), "\u00fc"];
            return $"\"{names[random.Next(names.Length)]}\"{(random.Next(9) == 0 ? " :\n" : ":")}{RandomValue(random, depth + 1)}";
        });
        return "{" + string.Join(',', fields) + "}";
    }

    private static string RandomValue(Random random, int depth) => random.Next(depth > 4 ? 3 : 6) switch
    {
        0 => "\"{}[],:\\\"a\\\"\"",
        1 => "-1.5e3",
        2 => "null",
        3 => "[" + string.Join(" , ", Enumerable.Range(0, random.Next(4)).Select(_ => RandomValue(random, depth + 1))) + "]",
        _ => RandomObject(random, depth),
    };

    [Fact]
    public void Decode_Failure_DoesNotQuoteTheDocument()
    {
        var failure = _decoder.Decode(Make.Message("{\"text\":\"x\" secret-word")).Failure!;
        Assert.DoesNotContain("secret-word", failure.Reason, StringComparison.Ordinal);
        Assert.Equal(MessageDecoder.Stage, failure.Stage);
    }

    [Fact]
    public void Decode_RandomDamage_NeverThrows()
    {
        var random = new Random(7);
        var template = Bytes("""{"id":"a","text":"h\u00e9llo \ud83d\ude00","event_time":"2024-02-03T04:05:06Z","metadata":{"a":[1,2,{"b":null}]},"x":true}""");
        for (var i = 0; i < 20_000; i++)
        {
            var value = (byte[])template.Clone();
            for (var hits = random.Next(1, 4); hits > 0; hits--)
                value[random.Next(value.Length)] = random.Next(2) == 0 ? (byte)random.Next(256) : (byte)"\"{}[]\\:,u0"[random.Next(10)];
            var outcome = _decoder.Decode(Make.Message(value.AsMemory(0, random.Next(1, value.Length + 1))));
            Assert.True(outcome.IsSuccess || outcome.Failure.Code.Length > 0);
        }
    }

    private DecodedMessage Decode(string? value, string? key = null)
    {
        var outcome = _decoder.Decode(Make.Message(value, key, offset: 7, partition: 3));
        Assert.True(outcome.IsSuccess, outcome.Failure?.ToString());
        return outcome.Value;
    }

    private void AssertFails(byte[] value, string code)
    {
        var outcome = _decoder.Decode(Make.Message(value));
        Assert.False(outcome.IsSuccess);
        Assert.Equal(code, outcome.Failure.Code);
    }

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);
}
