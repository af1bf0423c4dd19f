using System.Runtime.InteropServices;
using Streaming.Adapters.Sqlite.Documents;
using Streaming.Adapters.Sqlite.Native;
using Streaming.Core.Search;

namespace Streaming.Adapters.Sqlite.Search;

/// <summary>Counts the labels of matching documents: exactly, over all of them.</summary>
internal sealed class FacetCounter
{
    /// <summary>Facets in the order of an answer.</summary>
    private static readonly (LabelKind Kind, string Name)[] Facets =
    [
        (LabelKind.Entity, "entity"), (LabelKind.EntityType, "entity_type"), (LabelKind.Topic, "topic"),
        (LabelKind.Sentiment, "sentiment"), (LabelKind.Aspect, "aspect"), (LabelKind.Source, "source"),
    ];

    private readonly Dictionary<long, int> _counts = [];

    /// <param name="labels">Packed ids as the documents table has them.</param>
    internal void Add(ReadOnlySpan<byte> labels)
    {
        long id = 0;
        while (!labels.IsEmpty)
        {
            id += (long)Varint.Read(ref labels);
            CollectionsMarshal.GetValueRefOrAddDefault(_counts, id, out _)++;
        }
    }

    internal Dictionary<string, IReadOnlyList<FacetValue>> Top(SqliteDatabase database, int size)
    {
        var answer = new Dictionary<string, IReadOnlyList<FacetValue>>();
        if (size == 0)
            return answer;
        var byKind = new Dictionary<LabelKind, List<(long Id, int Count)>>();
        foreach (var (id, count) in _counts)
        {
            ref var list = ref CollectionsMarshal.GetValueRefOrAddDefault(byKind, Label.KindOf(id), out _);
            (list ??= []).Add((id, count));
        }
        foreach (var (kind, name) in Facets)
        {
            if (!byKind.TryGetValue(kind, out var list))
            {
                answer[name] = [];
                continue;
            }
            list.Sort(static (a, b) => a.Count != b.Count ? b.Count.CompareTo(a.Count) : a.Id.CompareTo(b.Id));
            // Equal counts are ordered by value, which has to be looked up: as far as that is bearable.
            var end = Math.Min(size, list.Count);
            while (end < list.Count && end < size + 1_000 && list[end].Count == list[size - 1].Count)
                end++;
            var values = new List<FacetValue>(end);
            for (var i = 0; i < end; i++)
                values.Add(new FacetValue(Value(database, list[i].Id), list[i].Count));
            answer[name] = Sort(values, size);
        }
        return answer;
    }

    /// <summary>The same for all documents at once, from the counts that are kept with the labels.</summary>
    internal static Dictionary<string, IReadOnlyList<FacetValue>> TopOfAll(SqliteDatabase database, int size)
    {
        var answer = new Dictionary<string, IReadOnlyList<FacetValue>>();
        if (size == 0)
            return answer;
        foreach (var (kind, name) in Facets)
        {
            // The frequent ones have an index; only a store without enough of them is read whole.
            var values = Select(database, "SELECT value, documents FROM labels WHERE kind=?1 AND documents>=32 ORDER BY documents DESC LIMIT ?2", kind, size + 1_000);
            if (values.Count < size)
                values = Select(database, "SELECT value, documents FROM labels WHERE kind=?1 AND documents>0 ORDER BY documents DESC, value LIMIT ?2", kind, size);
            answer[name] = Sort(values, size);
        }
        return answer;
    }

    private static List<FacetValue> Select(SqliteDatabase database, string sql, LabelKind kind, int limit)
    {
        var values = new List<FacetValue>();
        var select = database.Prepare(sql).Bind(1, (long)kind).Bind(2, limit);
        while (select.Step())
            values.Add(new FacetValue(select.Text(0), select.Int64(1)));
        return values;
    }

    private static List<FacetValue> Sort(List<FacetValue> values, int size)
    {
        values.Sort(static (a, b) => a.Count != b.Count ? b.Count.CompareTo(a.Count) : string.CompareOrdinal(a.Value, b.Value));
        return values.Count > size ? values.GetRange(0, size) : values;
    }

    private static string Value(SqliteDatabase database, long id)
    {
        var select = database.Prepare("SELECT value FROM labels WHERE id=?1").Bind(1, id);
        if (!select.Step())
            throw SqliteErrors.Damaged(database.Path, "a label is missing");
        var value = select.Text(0);
        select.Reset();
        return value;
    }
}
