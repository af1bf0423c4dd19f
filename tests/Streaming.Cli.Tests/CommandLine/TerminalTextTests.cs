using Streaming.Cli.CommandLine;

namespace Streaming.Cli.Tests.CommandLine;

public sealed class TerminalTextTests
{
    [Theory]
    [InlineData("plain é 日本 🎉", "plain é 日本 🎉")]
    [InlineData("a\nb\tc", "a b c")]
    [InlineData("\u001b[2J\u0000\u009b", "\\u001b[2J\\u0000\\u009b")]
    [InlineData("a\u202eb\u2028", "a\\u202eb\\u2028")]
    public void Line_TextFromOutside_CannotSteerATerminal(string text, string expected) => Assert.Equal(expected, TerminalText.Line(text));

    [Fact]
    public void Bytes_OfAnyKind_AreShownAndEscaped()
    {
        byte[] bytes = [.. "ok\n\u001b[1m é🎉 "u8, 0xff, 0x00, 0xe2, 0x82];
        Assert.Equal("ok\n\\u001b[1m é🎉 \\xff\\u0000\\xe2\\x82", TerminalText.Bytes(bytes));
    }
}
