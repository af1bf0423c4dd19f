using System.Text.Json;
using Streaming.Adapters.Sqlite.Log;
using Streaming.Adapters.Sqlite.Native;
using Streaming.Contracts;
using Streaming.Core.Messaging;

namespace Streaming.Adapters.Sqlite.DeadLetters;

/// <summary>Rows of dead letters.</summary>
internal sealed class DeadLetterTable(SqliteDatabase database)
{
    /// <summary>Stores a letter unless its place has one.</summary>
    internal void Add(DeadLetter letter, byte[] body)
    {
        database.Prepare("""
            INSERT INTO dead_letters(topology, topic, partition, message_offset, code, body, checksum) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)
            ON CONFLICT DO NOTHING
            """)
            .BindText(1, letter.Topology).BindText(2, letter.Topic).Bind(3, letter.Partition).Bind(4, letter.Offset).BindText(5, letter.Code)
            .Bind(6, body).Bind(7, Sum(body)).Run();
    }

    internal static byte[] Serialise(DeadLetter letter) => JsonSerializer.SerializeToUtf8Bytes(letter, ContractsJson.Wire.DeadLetter);

    internal static IReadOnlyList<StoredDeadLetter> List(SqliteDatabase database, DeadLetterQuery query)
    {
        var letters = new List<StoredDeadLetter>();
        var select = database.Prepare("""
            SELECT id, body, checksum, redriven_to FROM dead_letters
            WHERE id>?1 AND (?2 IS NULL OR topology=?2) AND (?3 IS NULL OR code=?3) AND (?4 OR redriven_to IS NULL) ORDER BY id LIMIT ?5
            """)
            .Bind(1, query.AfterId).BindText(2, query.Topology).BindText(3, query.Code).Bind(4, query.IncludeRedriven ? 1 : 0)
            .Bind(5, Math.Clamp(query.Size, 1, 10_000));
        try
        {
            while (select.Step())
                letters.Add(Read(database, select));
        }
        finally
        {
            select.Reset();
        }
        return letters;
    }

    internal static StoredDeadLetter? Find(SqliteDatabase database, long id)
    {
        var select = database.Prepare("SELECT id, body, checksum, redriven_to FROM dead_letters WHERE id=?1").Bind(1, id);
        try
        {
            return select.Step() ? Read(database, select) : null;
        }
        finally
        {
            select.Reset();
        }
    }

    /// <summary>Appends the letter's message to its partition again and marks the letter.</summary>
    internal RedriveResult Redrive(StoreSession session, long id)
    {
        if (Find(database, id) is not { } stored)
            return new RedriveResult(id, null, RedriveResult.NotFound);
        if (stored.RedrivenTo is { } before)
            return new RedriveResult(id, before, RedriveResult.AlreadyRedriven);
        var letter = stored.Letter;
        if (letter.Attempts >= session.Options.MaxAttempts)
            return new RedriveResult(id, null, ErrorCodes.AttemptsExhausted);
        var headers = Redriven.Headers(letter);
        var partition = session.Partitions.Find(new(letter.Topic, letter.Partition));
        var offset = session.Partitions.TakeOffset(partition);
        LogTable.Append(database, partition, offset, Memory(letter.Key), Memory(letter.Value), HeaderCodec.Encode(headers), LogTable.Ticks(letter.Timestamp));
        database.Prepare("UPDATE dead_letters SET redriven_to=?2 WHERE id=?1").Bind(1, id).Bind(2, offset).Run();
        return new RedriveResult(id, offset, null);
    }

    private static StoredDeadLetter Read(SqliteDatabase database, SqliteStatement row)
    {
        var body = row.Blob(1);
        if (Sum(body) != row.Int64(2))
            throw SqliteErrors.Damaged(database.Path, "a dead letter is not what was written");
        var letter = JsonSerializer.Deserialize(body, ContractsJson.Wire.DeadLetter)!;
        return new StoredDeadLetter(row.Int64(0), letter, row.IsNull(3) ? null : row.Int64(3));
    }

    // A byte array converts to memory even when it is null; null must stay null.
    private static ReadOnlyMemory<byte>? Memory(byte[]? bytes) => bytes is null ? default(ReadOnlyMemory<byte>?) : new ReadOnlyMemory<byte>(bytes);

    private static long Sum(ReadOnlySpan<byte> body)
    {
        var sum = Checksum.Start(0);
        sum.Add(body);
        return sum.Value;
    }
}
