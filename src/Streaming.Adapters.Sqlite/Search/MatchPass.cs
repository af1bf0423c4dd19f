using Streaming.Adapters.Sqlite.Native;

namespace Streaming.Adapters.Sqlite.Search;

/// <summary>One pass over the documents that match: counts them, keeps the best that come after the cursor, counts facets.</summary>
internal sealed class MatchPass(int wanted, SearchCursor? after, FacetCounter? facets)
{
    // The worst of the kept is on top, to be pushed out by a better one.
    private readonly PriorityQueue<Place, Place> _kept = new(PlaceComparer.Instance);

    internal long Total { get; private set; }

    /// <summary>All documents, newest first, as far as the page needs.</summary>
    internal void ReadNewest(SqliteDatabase database)
    {
        var select = database.Prepare("""
            SELECT id, event_time FROM documents
            WHERE labels IS NOT NULL AND (event_time, id)<(?1, ?2) AND id<=?4 ORDER BY event_time DESC, id DESC LIMIT ?3
            """)
            .Bind(1, after?.Last.Time ?? long.MaxValue).Bind(2, after?.Last.Row ?? long.MaxValue).Bind(3, wanted)
            .Bind(4, after?.MaxRow ?? long.MaxValue);
        try
        {
            while (select.Step())
                Offer(new Place(0, select.Int64(1), select.Int64(0)));
        }
        finally
        {
            select.Reset();
        }
    }

    /// <summary>Documents that match an expression of the index.</summary>
    internal void ReadMatches(SqliteDatabase database, string expression, bool byScore, long since, long until)
    {
        var select = database.Prepare(byScore
            ? """
              SELECT words.rowid, d.event_time, d.labels, bm25(words, 1.0, 0.0) FROM words CROSS JOIN documents d ON d.id=words.rowid
              WHERE words MATCH ?1
              """
            : """
              SELECT words.rowid, d.event_time, d.labels FROM words CROSS JOIN documents d ON d.id=words.rowid
              WHERE words MATCH ?1
              """)
            .BindText(1, expression);
        try
        {
            while (select.Step())
            {
                var time = select.Int64(1);
                if (time < since || time >= until)
                    continue;
                Total++;
                facets?.Add(select.Blob(2));
                // BM25 comes as a cost; people expect more to be better.
                Offer(new Place(byScore ? -select.Double(3) : 0, time, select.Int64(0)));
            }
        }
        finally
        {
            select.Reset();
        }
    }

    /// <summary>The kept, the best first.</summary>
    internal List<Place> Best()
    {
        var places = new List<Place>(_kept.Count);
        while (_kept.TryDequeue(out var place, out _))
            places.Add(place);
        places.Reverse();
        return places;
    }

    private void Offer(Place place)
    {
        if (after is not null && !after.Admits(place))
            return;
        if (_kept.Count < wanted)
            _kept.Enqueue(place, place);
        else
            _kept.EnqueueDequeue(place, place);
    }
}
