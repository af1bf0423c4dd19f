using System.Text.Json;
using Streaming.Adapters.Sqlite.Log;
using Streaming.Adapters.Sqlite.Native;
using Streaming.Contracts;
using Streaming.Core.Labelling;

namespace Streaming.Adapters.Sqlite.Samples;

/// <summary>Rows of labelled samples. A replacement is a new row, so that whoever reads by sequence meets it.</summary>
internal static class SampleTable
{
    internal static byte[] Serialise(LabelledSample sample) => JsonSerializer.SerializeToUtf8Bytes(sample, ContractsJson.Wire.LabelledSample);

    /// <summary>Adds a sample, or replaces that of the same id; false when it says nothing new.</summary>
    internal static bool Add(SqliteDatabase database, LabelledSample sample, byte[] body)
    {
        var at = LogTable.Ticks(sample.LabelledAt);
        var find = database.Prepare("SELECT time, body FROM samples WHERE sample=?1").BindText(1, sample.Id);
        if (find.Step())
        {
            var stays = find.Int64(0) > at || find.Blob(1).SequenceEqual(body);
            find.Reset();
            if (stays)
                return false;
            Remove(database, sample.Id);
        }

        database.Prepare("""
            INSERT INTO samples(sample, request, document, topology, task, kind, labeller, prompt, validity, control,
              mentions, hallucinated, discontinuous, cost, input_tokens, output_tokens, time, body, checksum)
            VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)
            """)
            .BindText(1, sample.Id).BindText(2, sample.RequestId).BindText(3, sample.DocumentId).BindText(4, sample.Topology)
            .Bind(5, (long)sample.Task).Bind(6, (long)sample.LabellerKind).BindText(7, sample.Labeller).BindText(8, sample.PromptVersion ?? "")
            .Bind(9, (long)sample.Validity).Bind(10, sample.ControlSlice ? 1 : 0)
            .Bind(11, sample.Mentions).Bind(12, sample.Hallucinated).Bind(13, sample.Discontinuous).Bind(14, Money.ToUnits(sample.Cost))
            .Bind(15, sample.InputTokens).Bind(16, sample.OutputTokens).Bind(17, at).Bind(18, body).Bind(19, BodySum.Of(body)).Run();
        return true;
    }

    internal static bool Remove(SqliteDatabase database, string id)
    {
        database.Prepare("DELETE FROM samples WHERE sample=?1").BindText(1, id).Run();
        return database.Scalar("SELECT changes()") > 0;
    }

    internal static IReadOnlyList<StoredSample> List(SqliteDatabase database, SampleQuery query)
    {
        var select = database.Prepare("""
            SELECT id, body, checksum FROM samples
            WHERE id>?1 AND (?2 IS NULL OR topology=?2) AND (?3<0 OR task=?3) AND (?4<0 OR kind=?4) AND (?5=0 OR validity=?6) AND (?7<0 OR control=?7)
              AND (?8 IS NULL OR request=?8) AND (?9 IS NULL OR document=?9) ORDER BY id LIMIT ?10
            """)
            .Bind(1, query.AfterSequence).BindText(2, query.Topology).Bind(3, query.Task is { } task ? (long)task : -1).Bind(4, query.Kind is { } kind ? (long)kind : -1)
            .Bind(5, query.ValidOnly ? 1 : 0).Bind(6, (long)SampleValidity.Valid).Bind(7, query.ControlSlice is { } control ? control ? 1 : 0 : -1)
            .BindText(8, query.RequestId).BindText(9, query.DocumentId).Bind(10, Math.Clamp(query.Size, 1, 10_000));
        var samples = new List<StoredSample>();
        try
        {
            while (select.Step())
            {
                var body = select.Blob(1);
                if (BodySum.Of(body) != select.Int64(2))
                    throw SqliteErrors.Damaged(database.Path, "a labelled sample is not what was written");
                samples.Add(new StoredSample(select.Int64(0), JsonSerializer.Deserialize(body, ContractsJson.Wire.LabelledSample)!));
            }
        }
        finally
        {
            select.Reset();
        }

        return samples;
    }

    internal static SampleStatistics Statistics(SqliteDatabase database, string? topology, long after)
    {
        var groups = new List<SampleGroup>();
        var select = database.Prepare("""
            SELECT task, kind, labeller, prompt, sum(validity=0), sum(validity=0 AND control=0), sum(validity=1), sum(validity=2), sum(mentions), sum(hallucinated),
              sum(discontinuous), sum(cost), sum(input_tokens), sum(output_tokens)
            FROM samples WHERE id>?1 AND (?2 IS NULL OR topology=?2) GROUP BY task, kind, labeller, prompt ORDER BY task, kind, labeller, prompt
            """).Bind(1, after).BindText(2, topology);
        while (select.Step())
        {
            groups.Add(new SampleGroup
            {
                Task = (LabelTask)select.Int64(0),
                Kind = (LabellerKind)select.Int64(1),
                Labeller = select.Text(2),
                PromptVersion = select.Text(3) is { Length: > 0 } prompt ? prompt : null,
                Valid = select.Int64(4),
                Trainable = select.Int64(5),
                Abstained = select.Int64(6),
                Rejected = select.Int64(7),
                Mentions = select.Int64(8),
                Hallucinated = select.Int64(9),
                Discontinuous = select.Int64(10),
                Cost = Money.FromUnits(select.Int64(11)),
                InputTokens = select.Int64(12),
                OutputTokens = select.Int64(13),
            });
        }

        var reasons = new SortedDictionary<string, long>(StringComparer.Ordinal);
        var sources = new SortedDictionary<string, long>(StringComparer.Ordinal);
        long requests = 0, control = 0;
        select = database.Prepare("SELECT reasons, source, control, count(*) FROM label_requests WHERE ?1 IS NULL OR topology=?1 GROUP BY reasons, source, control").BindText(1, topology);
        while (select.Step())
        {
            var count = select.Int64(3);
            requests += count;
            control += select.Int64(2) * count;
            sources[select.Text(1)] = sources.GetValueOrDefault(select.Text(1)) + count;
            foreach (var reason in select.Text(0).Split(' ', StringSplitOptions.RemoveEmptyEntries))
                reasons[reason] = reasons.GetValueOrDefault(reason) + count;
        }

        return new SampleStatistics(
            requests, control,
            One("SELECT count(*) FROM label_requests r WHERE (?1 IS NULL OR topology=?1) AND NOT EXISTS(SELECT 1 FROM samples s WHERE s.request=r.request)"),
            One("SELECT coalesce(max(id), 0) FROM samples WHERE ?1 IS NULL OR topology=?1"),
            groups, reasons, sources);

        long One(string sql)
        {
            var statement = database.Prepare(sql).BindText(1, topology);
            statement.Step();
            var value = statement.Int64(0);
            statement.Reset();
            return value;
        }
    }
}
