using Streaming.Adapters.Sqlite.Documents;
using Streaming.Adapters.Sqlite.Native;
using Streaming.Core.Search;

namespace Streaming.Adapters.Sqlite.Search;

/// <summary>Finds labels by how they begin: ranges of the index over folded labels, one for aspects and one for each type of entity.</summary>
internal static class LabelCompletion
{
    // Sorts behind every text that begins with what is before it.
    private const string Last = "\U0010FFFF";

    /// <param name="prefix">Folded.</param>
    internal static IReadOnlyList<Suggestion> Find(SqliteDatabase database, string prefix, int size)
    {
        var found = new List<Suggestion>();
        foreach (var type in Values(database, LabelKind.EntityType))
            Range(database, LabelKind.Entity, $"{type}:{prefix}", size, Suggestion.Entity, found);
        Range(database, LabelKind.Aspect, prefix, size, Suggestion.Aspect, found);

        // Topics keep their case and are few.
        foreach (var label in Values(database, LabelKind.Topic))
        {
            if (SearchFolding.FoldCase(label).StartsWith(prefix, StringComparison.Ordinal))
                Range(database, LabelKind.Topic, label, size, Suggestion.Topic, found, exact: true);
        }

        return Suggestion.Best(found, size);
    }

    private static void Range(SqliteDatabase database, LabelKind kind, string from, int size, string name, List<Suggestion> found, bool exact = false)
    {
        var select = database.Prepare("SELECT value, documents FROM labels WHERE kind=?1 AND folded>=?2 AND folded<=?3 AND documents>0 ORDER BY documents DESC, value LIMIT ?4")
            .Bind(1, (long)kind).BindText(2, from).BindText(3, exact ? from : from + Last).Bind(4, size);
        while (select.Step())
            found.Add(new Suggestion(name, select.Text(0), select.Int64(1)));
    }

    private static List<string> Values(SqliteDatabase database, LabelKind kind)
    {
        var values = new List<string>();
        var select = database.Prepare("SELECT folded FROM labels WHERE kind=?1 AND documents>0").Bind(1, (long)kind);
        while (select.Step())
            values.Add(select.Text(0));
        return values;
    }
}
