namespace Streaming.Cli.CommandLine;

/// <summary>Colours for people at a terminal; plain text for everyone else.</summary>
internal sealed class Paint(bool on)
{
    /// <summary>Colours that stand apart on light and dark grounds: kinds of annotation take them in turn.</summary>
    public static readonly IReadOnlyList<string> Palette = ["36", "33", "35", "32", "34", "31"];

    /// <summary>True when colours are written.</summary>
    public bool IsOn => on;

    /// <summary>Text in a colour and style of ECMA-48's SGR, e.g. <c>1;36</c>.</summary>
    public string In(string style, string text) => on && text.Length > 0 ? $"\e[{style}m{text}\e[0m" : text;

    /// <summary>Less important text.</summary>
    public string Faint(string text) => In("2", text);

    /// <summary>More important text.</summary>
    public string Strong(string text) => In("1", text);
}
