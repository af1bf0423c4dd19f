using System.Text.Json;
using Streaming.Adapters.Sqlite.Native;
using Streaming.Contracts;
using Streaming.Core.Labelling;

namespace Streaming.Adapters.Sqlite.Samples;

/// <summary>Rows of requests for labels.</summary>
internal static class RequestTable
{
    internal static byte[] Serialise(LabelRequest request) => JsonSerializer.SerializeToUtf8Bytes(request, ContractsJson.Wire.LabelRequest);

    /// <summary>Adds a request; false when its id is there.</summary>
    internal static bool Add(SqliteDatabase database, LabelRequest request, byte[] body)
    {
        var find = database.Prepare("SELECT id FROM label_requests WHERE request=?1").BindText(1, request.Id);
        if (find.Step())
        {
            find.Reset();
            return false;
        }

        database.Prepare("""
            INSERT INTO label_requests(request, topology, document, source, reasons, control, priority, body, checksum) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
            """)
            .BindText(1, request.Id).BindText(2, request.Topology).BindText(3, request.DocumentId).BindText(4, request.Source ?? "")
            .BindText(5, string.Join(' ', request.Reasons.Select(static reason => reason.Code).Distinct())).Bind(6, request.ControlSlice ? 1 : 0)
            .Bind(7, (long)(Math.Clamp(request.Priority, 0, 1) * 1_000_000)).Bind(8, body).Bind(9, BodySum.Of(body)).Run();
        return true;
    }

    internal static LabelRequest? Find(SqliteDatabase database, string id)
    {
        var select = database.Prepare("SELECT body, checksum FROM label_requests WHERE request=?1").BindText(1, id);
        try
        {
            return select.Step() ? Read(database, select, 0) : null;
        }
        finally
        {
            select.Reset();
        }
    }

    internal static IReadOnlyList<StoredRequest> List(SqliteDatabase database, RequestQuery query)
    {
        var order = query.ByPriority ? "priority DESC, id" : query.NewestFirst ? "id DESC" : "id";
        var select = database.Prepare($"""
            SELECT id, body, checksum, (SELECT count(*) FROM samples s WHERE s.request=r.request) FROM label_requests r
            WHERE id>?1 AND (?2 IS NULL OR topology=?2) AND (?3 IS NULL OR document=?3)
              AND (?4 IS NULL OR NOT EXISTS(SELECT 1 FROM samples s WHERE s.request=r.request AND s.kind=?5 AND s.labeller=?4))
              AND (?6=0 OR (SELECT count(DISTINCT s.kind || '/' || s.labeller) FROM samples s WHERE s.request=r.request)>=?6)
            ORDER BY {order} LIMIT ?7
            """)
            .Bind(1, query.AfterSequence).BindText(2, query.Topology).BindText(3, query.DocumentId).BindText(4, query.UnansweredBy)
            .Bind(5, (long)LabellerKind.Person).Bind(6, query.MinLabellers).Bind(7, Math.Clamp(query.Size, 1, 10_000));
        var requests = new List<StoredRequest>();
        try
        {
            while (select.Step())
                requests.Add(new StoredRequest(select.Int64(0), Read(database, select, 1), (int)select.Int64(3)));
        }
        finally
        {
            select.Reset();
        }

        return requests;
    }

    private static LabelRequest Read(SqliteDatabase database, SqliteStatement row, int column)
    {
        var body = row.Blob(column);
        if (BodySum.Of(body) != row.Int64(column + 1))
            throw SqliteErrors.Damaged(database.Path, "a request for labels is not what was written");
        return JsonSerializer.Deserialize(body, ContractsJson.Wire.LabelRequest)!;
    }
}
