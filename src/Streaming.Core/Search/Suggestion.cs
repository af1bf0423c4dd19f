using System.Text;

namespace Streaming.Core.Search;

/// <summary>A name that begins as somebody has begun to type it, and how many documents have it.</summary>
/// <param name="Kind">Which filter takes it: <see cref="Entity"/>, <see cref="Topic"/> or <see cref="Aspect"/>.</param>
/// <param name="Value">As that filter takes it: an entity as <c>TYPE:surface</c>, a topic's label, an aspect's term.</param>
/// <param name="Count">Documents that have it.</param>
public sealed record Suggestion(string Kind, string Value, long Count)
{
    /// <summary>An entity, whose surface begins so.</summary>
    public const string Entity = "entity";

    /// <summary>A topic, whose label begins so.</summary>
    public const string Topic = "topic";

    /// <summary>An aspect, whose term or category begins so.</summary>
    public const string Aspect = "aspect";

    /// <summary>Longest beginning that is looked at, in UTF-16 code units; with a longer one nothing begins.</summary>
    public const int MaxPrefix = 100;

    /// <summary>Most suggestions of one answer.</summary>
    public const int MaxSize = 50;

    /// <summary>A beginning as names are compared with it: without white space before it, in lower case; null when nothing can begin so.</summary>
    public static string? Fold(string? prefix)
    {
        var text = prefix.AsSpan().TrimStart();
        if (text.IsEmpty || text.Length > MaxPrefix)
            return null;
        for (var at = 0; at < text.Length;)
        {
            if (Rune.DecodeFromUtf16(text[at..], out _, out var length) != System.Buffers.OperationStatus.Done)
                return null;
            at += length;
        }

        return text.ToString().ToLowerInvariant();
    }

    /// <summary>The most frequent first, equal ones by value and kind.</summary>
    public static IReadOnlyList<Suggestion> Best(IEnumerable<Suggestion> found, int size) =>
    [
        .. found.OrderByDescending(static one => one.Count)
            .ThenBy(static one => one.Value, StringComparer.Ordinal)
            .ThenBy(static one => one.Kind, StringComparer.Ordinal)
            .Take(Math.Clamp(size, 0, MaxSize)),
    ];
}
