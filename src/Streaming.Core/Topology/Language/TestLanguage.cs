namespace Streaming.Core.Topology.Language;

/// <summary>Every key of a file with tests of a topology.</summary>
internal static class TestLanguage
{
    private static readonly TextType AnyText = new(MinLength: 0, MaxLength: 1_000_000);
    private static readonly ListType Items = new(new TextType(), 0, 200, Distinct: true);

    private static readonly MapType Expect = new(
    [
        new("outcome", new ChoiceType(["indexed", "dead_lettered", "filtered"]), "How the message ends.") { Default = "indexed" },
        new("code", new TextType("^[a-z0-9_]{1,100}$", "a stable error code such as `invalid_utf8`", 1, 100), "Code of the dead letter."),
        new("entities", Items, "Each must be found: `TYPE:surface`, `TYPE` or `:surface`. An empty list: none may be found."),
        new("topics", Items, "Each must be among the topics. An empty list: none may be."),
        new("sentiment", new TextType(), "Sentiment of the text."),
        new("aspects", Items, "Each must be found: `term:sentiment`, `term` or `:sentiment`. An empty list: none may be found."),
        new("language", new TextType(), "Language of the document."),
    ]);

    private static readonly MapType Case = new(
    [
        new("name", new TextType(MaxLength: 200), "What is shown.") { Required = true },
        new("text", AnyText, "Text of the message."),
        new("language", new TextType(), "Language the producer gives; only with `text`."),
        new("raw", AnyText, "The whole value of the message, as it is."),
        new("base64", AnyText, "The whole value of the message in base64, for bytes that are no text."),
        new("expect", Expect, "What must come out."),
    ]);

    /// <summary>The whole file.</summary>
    public static MapType Root { get; } = new(
    [
        new("tests", new ListType(Case, 1, 1_000, Distinct: false), "The tests.") { Required = true },
    ]);
}
