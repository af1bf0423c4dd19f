using System.Buffers;
using System.Text;
using System.Text.Json;
using Streaming.Adapters.Sqlite.Native;
using Streaming.Contracts;
using Streaming.Core.Sinks;

namespace Streaming.Adapters.Sqlite.Documents;

/// <summary>Documents and their index. A deleted document leaves its version behind, so that a late replay does not bring it back.</summary>
internal sealed class DocumentTable(SqliteDatabase database)
{
    private readonly LabelTable _labels = new(database);
    private readonly List<long> _ids = [];
    private readonly ArrayBufferWriter<byte> _packed = new();
    private readonly ArrayBufferWriter<byte> _names = new();
    private long _added;

    internal void Begin(bool afterRollback)
    {
        _added = 0;
        _labels.Begin(afterRollback);
    }

    internal void Flush()
    {
        _labels.Flush();
        if (_added != 0)
            database.Prepare("UPDATE counters SET value=value+?1 WHERE name='documents'").Bind(1, _added).Run();
        _added = 0;
    }

    internal SinkResult Apply(PreparedWrite write)
    {
        if (write.Rejection is { } reason)
            return new SinkResult(SinkStatus.Rejected, reason);
        var select = database.Prepare("SELECT id, version, labels IS NOT NULL FROM documents WHERE key=?1").Bind(1, write.Key);
        long id = 0;
        var live = false;
        if (select.Step())
        {
            id = select.Int64(0);
            var version = select.Int64(1);
            live = select.Int64(2) != 0;
            select.Reset();
            if (version >= write.Version)
                return new SinkResult(SinkStatus.Superseded);
        }
        if (live)
            Unindex(id);
        if (write.Body is null)
            Delete(id, write);
        else
            Store(id, write);
        return new SinkResult(SinkStatus.Applied);
    }

    /// <summary>The JSON of a document whose row id is known.</summary>
    internal static EnrichedDocument ReadBody(SqliteDatabase database, long id)
    {
        var select = database.Prepare("SELECT body, checksum FROM bodies WHERE id=?1").Bind(1, id);
        if (!select.Step())
            throw SqliteErrors.Damaged(database.Path, "a document is missing");
        try
        {
            var body = select.Blob(0);
            if (BodyChecksum(id, body) != select.Int64(1))
                throw SqliteErrors.Damaged(database.Path, "a document is not what was written");
            return JsonSerializer.Deserialize(body, ContractsJson.Wire.EnrichedDocument)!;
        }
        finally
        {
            select.Reset();
        }
    }

    /// <summary>The external version of a document whose row id is known.</summary>
    internal static long ReadVersion(SqliteDatabase database, long id)
    {
        var select = database.Prepare("SELECT version FROM documents WHERE id=?1").Bind(1, id);
        if (!select.Step())
            throw SqliteErrors.Damaged(database.Path, "a document is missing");
        var version = select.Int64(0);
        select.Reset();
        return version;
    }

    private void Delete(long id, PreparedWrite write)
    {
        if (id == 0)
        {
            database.Prepare("INSERT INTO documents(key, version, event_time) VALUES(?1, ?2, 0)").Bind(1, write.Key).Bind(2, write.Version).Run();
            return;
        }
        database.Prepare("UPDATE documents SET version=?2, event_time=0, labels=NULL WHERE id=?1").Bind(1, id).Bind(2, write.Version).Run();
        database.Prepare("DELETE FROM bodies WHERE id=?1").Bind(1, id).Run();
    }

    private void Store(long id, PreparedWrite write)
    {
        Pack(write.Labels, +1);
        if (id == 0)
        {
            database.Prepare("INSERT INTO documents(key, version, event_time, labels) VALUES(?1, ?2, ?3, ?4)")
                .Bind(1, write.Key).Bind(2, write.Version).Bind(3, write.EventTime).Bind(4, _packed.WrittenSpan).Run();
            id = database.LastInsertRowId;
        }
        else
        {
            database.Prepare("UPDATE documents SET version=?2, event_time=?3, labels=?4 WHERE id=?1")
                .Bind(1, id).Bind(2, write.Version).Bind(3, write.EventTime).Bind(4, _packed.WrittenSpan).Run();
        }
        database.Prepare("INSERT OR REPLACE INTO bodies(id, body, checksum) VALUES(?1, ?2, ?3)")
            .Bind(1, id).Bind(2, write.Body!).Bind(3, BodyChecksum(id, write.Body!)).Run();
        database.Prepare("INSERT INTO words(rowid, text, labels) VALUES(?1, ?2, ?3)")
            .Bind(1, id).BindText(2, write.Words.Span).BindText(3, _names.WrittenSpan).Run();
        _added++;
    }

    /// <summary>Takes the old form out of the index, which keeps no text and must be told the words again.</summary>
    private void Unindex(long id)
    {
        var old = ReadBody(database, id);
        Pack(DocumentLabels.Of(old), -1);
        database.Prepare("INSERT INTO words(words, rowid, text, labels) VALUES('delete', ?1, ?2, ?3)")
            .Bind(1, id).BindText(2, PreparedWrite.CutWords(old.Text).Span).BindText(3, _names.WrittenSpan).Run();
        _added--;
    }

    /// <summary>Ids of facet labels, rising, as differences in LEB128; and every label as a word of the index.</summary>
    private void Pack(IReadOnlyList<Label> labels, int change)
    {
        _ids.Clear();
        foreach (var label in labels)
            _ids.Add(_labels.Intern(label));
        _ids.Sort();
        _packed.ResetWrittenCount();
        _names.ResetWrittenCount();
        long previous = 0;
        foreach (var id in _ids)
        {
            _labels.Count(id, change);
            var span = _names.GetSpan(24);
            span[0] = (byte)'l';
            Encoding.ASCII.TryGetBytes(id.ToString("x", System.Globalization.CultureInfo.InvariantCulture), span[1..], out var written);
            span[written + 1] = (byte)' ';
            _names.Advance(written + 2);
            if (Label.KindOf(id) is LabelKind.All or > Label.LastFacet)
                continue;
            Varint.Write(_packed, (ulong)(id - previous));
            previous = id;
        }
    }

    private static long BodyChecksum(long id, ReadOnlySpan<byte> body)
    {
        var sum = Checksum.Start(id);
        sum.Add(body);
        return sum.Value;
    }
}
