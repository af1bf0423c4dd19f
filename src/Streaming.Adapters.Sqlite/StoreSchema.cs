using System.Buffers.Binary;
using Streaming.Adapters.Sqlite.Native;
using Streaming.Core;

namespace Streaming.Adapters.Sqlite;

/// <summary>Tables of the file, and the checks that tell ours from another's.</summary>
internal static class StoreSchema
{
    /// <summary>"Strm", in the file header.</summary>
    internal const int ApplicationId = 0x5374_726D;

    /// <summary>Raised with every change of the tables or of how text is cut into words.</summary>
    internal const int Version = 2;

    // rowid of a log row: partition id << OffsetBits | offset. Rows of a partition lie side by side, in order.
    internal const int OffsetBits = 44;

    private const string Tables = """
        CREATE TABLE partitions(
          id INTEGER PRIMARY KEY, topic TEXT NOT NULL, partition INTEGER NOT NULL,
          first_offset INTEGER NOT NULL DEFAULT 0, next_offset INTEGER NOT NULL DEFAULT 0,
          UNIQUE(topic, partition));
        CREATE TABLE log(
          id INTEGER PRIMARY KEY, time INTEGER NOT NULL, key BLOB, value BLOB, headers BLOB, checksum INTEGER NOT NULL);
        CREATE TABLE consumer_offsets(
          consumer_group TEXT NOT NULL, partition_id INTEGER NOT NULL, next_offset INTEGER NOT NULL,
          PRIMARY KEY(consumer_group, partition_id)) WITHOUT ROWID;
        CREATE TABLE documents(
          id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, version INTEGER NOT NULL, event_time INTEGER NOT NULL, labels BLOB);
        CREATE INDEX documents_by_time ON documents(event_time, id) WHERE labels IS NOT NULL;
        CREATE TABLE bodies(id INTEGER PRIMARY KEY, body BLOB NOT NULL, checksum INTEGER NOT NULL);
        CREATE TABLE labels(id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, folded TEXT NOT NULL, value TEXT NOT NULL,
          documents INTEGER NOT NULL DEFAULT 0, UNIQUE(kind, folded));
        CREATE INDEX labels_by_count ON labels(kind, documents) WHERE documents>=32;
        CREATE VIRTUAL TABLE words USING fts5(text, labels, content='', tokenize='ascii');
        CREATE TABLE dead_letters(
          id INTEGER PRIMARY KEY AUTOINCREMENT, topology TEXT NOT NULL, topic TEXT NOT NULL, partition INTEGER NOT NULL,
          message_offset INTEGER NOT NULL, code TEXT NOT NULL, body BLOB NOT NULL, checksum INTEGER NOT NULL, redriven_to INTEGER,
          UNIQUE(topology, topic, partition, message_offset));
        CREATE TABLE topologies(
          name TEXT PRIMARY KEY, consumer_group TEXT NOT NULL, model TEXT, model_version TEXT,
          indexed INTEGER NOT NULL DEFAULT 0, dead_lettered INTEGER NOT NULL DEFAULT 0,
          filtered INTEGER NOT NULL DEFAULT 0, deleted INTEGER NOT NULL DEFAULT 0, updated INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE counters(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
        INSERT INTO counters(name, value) VALUES('documents', 0);
        """;

    // Since version 2. Money is counted in billionths.
    private const string SampleTables = """
        CREATE TABLE label_requests(
          id INTEGER PRIMARY KEY AUTOINCREMENT, request TEXT NOT NULL UNIQUE, topology TEXT NOT NULL, document TEXT NOT NULL, source TEXT NOT NULL,
          reasons TEXT NOT NULL, control INTEGER NOT NULL, priority INTEGER NOT NULL, body BLOB NOT NULL, checksum INTEGER NOT NULL);
        CREATE INDEX label_requests_by_priority ON label_requests(priority DESC, id);
        CREATE INDEX label_requests_by_document ON label_requests(document);
        CREATE TABLE samples(
          id INTEGER PRIMARY KEY AUTOINCREMENT, sample TEXT NOT NULL UNIQUE, request TEXT NOT NULL, document TEXT NOT NULL, topology TEXT NOT NULL,
          task INTEGER NOT NULL, kind INTEGER NOT NULL, labeller TEXT NOT NULL, prompt TEXT NOT NULL, validity INTEGER NOT NULL, control INTEGER NOT NULL,
          mentions INTEGER NOT NULL, hallucinated INTEGER NOT NULL, discontinuous INTEGER NOT NULL, cost INTEGER NOT NULL,
          input_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL, time INTEGER NOT NULL, body BLOB NOT NULL, checksum INTEGER NOT NULL);
        CREATE INDEX samples_by_request ON samples(request);
        CREATE INDEX samples_by_document ON samples(document);
        CREATE TABLE label_spending(
          id INTEGER PRIMARY KEY AUTOINCREMENT, day INTEGER NOT NULL, document TEXT NOT NULL, reserved INTEGER NOT NULL, settled INTEGER);
        CREATE INDEX label_spending_by_day ON label_spending(day, settled, reserved);
        CREATE INDEX label_spending_by_document ON label_spending(document, settled, reserved);
        CREATE TABLE label_replies(id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, reply TEXT NOT NULL);
        """;

    /// <summary>Looks at the first bytes without SQLite: another's file must not be touched, and a cut or changed header not be trusted.</summary>
    internal static void CheckHeader(string path)
    {
        Span<byte> header = stackalloc byte[100];
        long length;
        using (var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1))
        {
            length = file.Length;
            // An empty file is new; with a journal beside it, a first start was cut short and SQLite undoes it.
            if (length == 0 || File.Exists(path + "-journal"))
                return;
            if (file.ReadAtLeast(header, header.Length, throwOnEndOfStream: false) < header.Length || !header[..16].SequenceEqual("SQLite format 3\0"u8))
                throw Foreign(path, "it is not a SQLite file, or its first bytes are damaged");
        }
        if (BinaryPrimitives.ReadInt32BigEndian(header[68..]) != ApplicationId)
            throw Foreign(path, "it is a SQLite file of another program");
        var version = BinaryPrimitives.ReadInt32BigEndian(header[60..]);
        if (version > Version)
            throw Newer(path, version);
        var pageSize = BinaryPrimitives.ReadUInt16BigEndian(header[16..]);
        if (header[20] != ChecksumFileSystem.ReservedBytes || pageSize != 4096)
            throw SqliteErrors.Damaged(path, "its header has impossible values");
        var pages = BinaryPrimitives.ReadUInt32BigEndian(header[28..]);
        if (length % pageSize != 0 || length < (long)pages * pageSize && !File.Exists(path + "-wal"))
            throw SqliteErrors.Damaged(path, $"it has {length} bytes where {(long)pages * pageSize} belong");
    }

    /// <summary>Makes the tables in a new file; adds those that an older release did not have.</summary>
    internal static void Ensure(SqliteDatabase database, WriteTurn turn, TimeProvider time)
    {
        if (database.Scalar("PRAGMA user_version") < Version)
        {
            database.BeginImmediate(turn, time);
            try
            {
                switch (database.Scalar("PRAGMA user_version"))
                {
                    case 0:
                        if (database.Scalar("PRAGMA application_id") != 0 || database.Scalar("SELECT count(*) FROM sqlite_master") != 0)
                            throw Foreign(database.Path, "it is a SQLite file of another program");
                        database.Execute($"PRAGMA application_id={ApplicationId}; PRAGMA user_version={Version};{Tables}{SampleTables}");
                        break;
                    case 1 when database.Scalar("PRAGMA application_id") == ApplicationId:
                        database.Execute($"PRAGMA user_version={Version};{SampleTables}");
                        break;
                }

                database.Execute("COMMIT");
            }
            catch
            {
                if (database.InTransaction)
                    database.Execute("ROLLBACK");
                throw;
            }
        }
        if (database.Scalar("PRAGMA application_id") != ApplicationId)
            throw Foreign(database.Path, "it is a SQLite file of another program");
        var version = database.Scalar("PRAGMA user_version");
        if (version != Version)
            throw Newer(database.Path, version);
        // Only now, so that a file always carries our mark before it has a log ahead beside it.
        database.Execute("PRAGMA journal_mode=WAL");
    }

    private static StreamingException Foreign(string path, string why) => new("store_foreign_file",
        $"'{path}' is not a store of this product: {why}. Choose another data folder (--data, STREAMING_DATA), or move the file away.",
        ExitCode.DependencyUnavailable);

    private static StreamingException Newer(string path, long version) => new("store_newer_version",
        $"The store '{path}' was written by a newer release (schema {version}, this one knows {Version}). Use that release, or another data folder (--data, STREAMING_DATA).",
        ExitCode.DependencyUnavailable);
}
