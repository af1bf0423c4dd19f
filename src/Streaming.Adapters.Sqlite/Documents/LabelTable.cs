using System.Runtime.InteropServices;
using Streaming.Adapters.Sqlite.Native;

namespace Streaming.Adapters.Sqlite.Documents;

/// <summary>Ids of labels, and how many documents have each. Ids carry their kind in the low bits.</summary>
internal sealed class LabelTable(SqliteDatabase database)
{
    // Entities have a long tail: the cache is thrown away when full instead of being pruned.
    private const int MaxCached = 100_000;

    private readonly Dictionary<(LabelKind, string), long> _ids = [];
    private readonly Dictionary<long, long> _changes = [];
    private long _next = -1;

    internal void Begin(bool afterRollback)
    {
        _changes.Clear();
        // Another process may have made labels since.
        _next = -1;
        if (afterRollback || _ids.Count > MaxCached)
            _ids.Clear();
    }

    internal long Intern(in Label label)
    {
        ref var id = ref CollectionsMarshal.GetValueRefOrAddDefault(_ids, (label.Kind, label.Folded), out var known);
        if (known)
            return id;
        id = Find(database, label);
        if (id != 0)
            return id;
        if (_next < 0)
            _next = database.Scalar("SELECT coalesce(max(id),0) FROM labels") >> Label.KindBits;
        id = (++_next << Label.KindBits) | (long)label.Kind;
        database.Prepare("INSERT INTO labels(id, kind, folded, value) VALUES(?1, ?2, ?3, ?4)")
            .Bind(1, id).Bind(2, (long)label.Kind).BindText(3, label.Folded).BindText(4, label.Value).Run();
        return id;
    }

    internal void Count(long id, int change) => CollectionsMarshal.GetValueRefOrAddDefault(_changes, id, out _) += change;

    internal void Flush()
    {
        foreach (var (id, change) in _changes)
        {
            if (change != 0)
                database.Prepare("UPDATE labels SET documents=documents+?2 WHERE id=?1").Bind(1, id).Bind(2, change).Run();
        }
        _changes.Clear();
    }

    /// <summary>Id of a label, or 0.</summary>
    internal static long Find(SqliteDatabase database, in Label label)
    {
        var select = database.Prepare("SELECT id FROM labels WHERE kind=?1 AND folded=?2").Bind(1, (long)label.Kind).BindText(2, label.Folded);
        if (!select.Step())
            return 0;
        var id = select.Int64(0);
        select.Reset();
        return id;
    }
}
