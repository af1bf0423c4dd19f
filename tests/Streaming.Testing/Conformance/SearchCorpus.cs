using Streaming.Contracts;
using Streaming.Testing.Fakes;
using static Streaming.Testing.Fakes.Make;

namespace Streaming.Testing.Conformance;

/// <summary>The documents that <see cref="SearchIndexConformance"/> asks about.</summary>
public static class SearchCorpus
{
    private const string Storm = "A storm hit the harbour of Hamburg, and Angela Merkel visited the harbour.";
    private const string Emoji = "😀😀 The pizza in Rome was great 😀 but the service was slow.";
    private const string Markup = "<b>pizza</b> & <mark>storm</mark> <script>alert(1)</script>";

    /// <summary>A few documents, each there for a reason.</summary>
    public static IReadOnlyList<EnrichedDocument> Documents { get; } =
    [
        Document("storm", Storm, [Entity(Storm, "LOC", "Hamburg"), Entity(Storm, "PER", "Angela Merkel")], "news", "negative", source: "wire", day: 1, offset: 1),
        Document("pizza", Emoji, [Entity(Emoji, "LOC", "Rome")], "food", "positive", [Aspect(Emoji, "pizza", "positive"), Aspect(Emoji, "service", "negative")], "reviews", 2, 2),
        Document("markup", Markup, null, "food", "neutral", [Aspect(Markup, "pizza", "neutral")], "reviews", 3, 3),
        Document("order", "harbour storm: the words the other way round, in HAMBURG", [new EntityAnnotation("LOC", "HAMBURG", 49, 56, 0.7)], "news", "neutral", source: "wire", day: 4, offset: 4),
        Document("empty", "", day: 5, offset: 5),
        Document("quotes", "it's \"quoted\"; DROP TABLE documents; -- %s {0} ../..", null, "tech", "neutral", source: "we'b \"x\"", day: 6, offset: 6) with
        {
            AspectCategories = [new AspectCategoryAnnotation("delivery", "negative", 0.8), new AspectCategoryAnnotation("quality", "neutral", 0.6)],
        },
    ];

    /// <summary>Enough documents for several pages; all match <c>page</c>, every tenth shares its time with the one before.</summary>
    public static IReadOnlyList<EnrichedDocument> Pages { get; } = CreatePages();

    private static List<EnrichedDocument> CreatePages()
    {
        var documents = new List<EnrichedDocument>();
        for (var i = 0; i < 57; i++)
        {
            documents.Add(Document(
                "page-" + Number(i),
                i % 3 == 0 ? "page page " + Number(i) : "page " + Number(i),
                topic: i % 2 == 0 ? "even" : "odd",
                day: i % 10 == 9 ? i - 1 : i,
                offset: i));
        }

        return documents;
    }
}
