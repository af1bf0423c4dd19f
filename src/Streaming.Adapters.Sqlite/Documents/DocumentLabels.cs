using Streaming.Adapters.Sqlite.Search;
using Streaming.Contracts;

namespace Streaming.Adapters.Sqlite.Documents;

/// <summary>Labels of a document, each once, and the labels that a filter asks for.</summary>
internal static class DocumentLabels
{
    /// <summary>The label that every document has.</summary>
    internal static readonly Label All = new(LabelKind.All, "", "");

    /// <summary>Longest surface that is a label, in UTF-16 units; a longer one is no name.</summary>
    private const int MaxSurface = 256;

    internal static IReadOnlyList<Label> Of(EnrichedDocument document)
    {
        var labels = new HashSet<Label>(LabelComparer.Instance) { All };
        foreach (var entity in document.Entities)
        {
            labels.Add(new Label(LabelKind.EntityType, entity.Type, entity.Type));
            if (entity.Text.Length > MaxSurface)
                continue;
            labels.Add(Entity(entity.Type, entity.Text));
            labels.Add(Surface(entity.Text));
        }
        foreach (var topic in document.Topics)
            labels.Add(new Label(LabelKind.Topic, topic.Label, topic.Label));
        if (document.Sentiment is { } sentiment)
            labels.Add(new Label(LabelKind.Sentiment, sentiment.Label, sentiment.Label));
        foreach (var aspect in document.Aspects)
        {
            labels.Add(new Label(LabelKind.AspectSentiment, aspect.Sentiment, aspect.Sentiment));
            if (aspect.Term.Length > MaxSurface)
                continue;
            labels.Add(Aspect(aspect.Term));
            labels.Add(Pair(aspect.Term, aspect.Sentiment));
        }
        foreach (var category in document.AspectCategories ?? [])
        {
            labels.Add(new Label(LabelKind.AspectSentiment, category.Sentiment, category.Sentiment));
            if (category.Category.Length > MaxSurface)
                continue;
            labels.Add(Aspect(category.Category));
            labels.Add(Pair(category.Category, category.Sentiment));
        }
        if (document.Source is { Length: > 0 and <= MaxSurface } source)
            labels.Add(new Label(LabelKind.Source, source, source));
        return [.. labels];
    }

    /// <summary><c>TYPE</c>, <c>TYPE:surface</c> or <c>:surface</c>.</summary>
    internal static Label EntityFilter(string filter)
    {
        var colon = filter.IndexOf(':');
        return colon < 0 ? new Label(LabelKind.EntityType, filter, filter)
            : colon == 0 ? Surface(filter[1..])
            : colon == filter.Length - 1 ? new Label(LabelKind.EntityType, filter[..colon], filter)
            : Entity(filter[..colon], filter[(colon + 1)..]);
    }

    /// <summary><c>term</c>, <c>term:sentiment</c> or <c>:sentiment</c>. A term may hold a colon itself, so both readings are given.</summary>
    internal static IEnumerable<Label> AspectFilter(string filter)
    {
        var colon = filter.LastIndexOf(':');
        if (colon != 0)
            yield return Aspect(filter);
        else
            yield return new Label(LabelKind.AspectSentiment, filter[1..], filter);
        if (colon > 0)
            yield return colon == filter.Length - 1 ? Aspect(filter[..colon]) : Pair(filter[..colon], filter[(colon + 1)..]);
    }

    private static Label Entity(string type, string surface) => new(LabelKind.Entity, $"{type}:{Fold(surface)}", $"{type}:{surface}");

    private static Label Surface(string surface) => new(LabelKind.EntitySurface, Fold(surface), surface);

    private static Label Aspect(string term) => new(LabelKind.Aspect, Fold(term), term);

    private static Label Pair(string term, string sentiment) => new(LabelKind.AspectPair, $"{Fold(term)}:{sentiment}", $"{term}:{sentiment}");

    private static string Fold(string surface) => SearchFolding.FoldCase(surface);

    private sealed class LabelComparer : IEqualityComparer<Label>
    {
        internal static readonly LabelComparer Instance = new();

        public bool Equals(Label x, Label y) => x.Kind == y.Kind && x.Folded == y.Folded;

        public int GetHashCode(Label label) => HashCode.Combine(label.Kind, string.GetHashCode(label.Folded));
    }
}
