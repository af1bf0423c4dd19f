namespace Streaming.Adapters.Sqlite.Documents;

/// <summary>What a label says about a document. The number is the low part of a label's id, so it must not change.</summary>
internal enum LabelKind
{
    /// <summary>Every document has it; lets a query say "all but …".</summary>
    All = 0,

    /// <summary>TYPE:surface; a facet.</summary>
    Entity = 1,

    /// <summary>TYPE; a facet.</summary>
    EntityType = 2,

    /// <summary>A facet.</summary>
    Topic = 3,

    /// <summary>A facet.</summary>
    Sentiment = 4,

    /// <summary>The term; a facet.</summary>
    Aspect = 5,

    /// <summary>A facet.</summary>
    Source = 6,

    /// <summary>Surface of any type; only to filter.</summary>
    EntitySurface = 7,

    /// <summary>term:sentiment; only to filter.</summary>
    AspectPair = 8,

    /// <summary>Sentiment of any aspect; only to filter.</summary>
    AspectSentiment = 9,
}

/// <summary>A label by its words: <paramref name="Folded"/> is what is compared, <paramref name="Value"/> what is shown.</summary>
internal readonly record struct Label(LabelKind Kind, string Folded, string Value)
{
    internal const int KindBits = 4;

    /// <summary>Kinds up to this one are facets.</summary>
    internal const LabelKind LastFacet = LabelKind.Source;

    internal static LabelKind KindOf(long labelId) => (LabelKind)(labelId & ((1 << KindBits) - 1));
}
