using System.CommandLine;
using System.Globalization;
using Streaming.Adapters.Kafka;
using Streaming.Adapters.Sqlite;
using Streaming.Adapters.Sqlite.DeadLetters;
using Streaming.Cli.CommandLine;
using Streaming.Cli.Composition;
using Streaming.Contracts;
using Streaming.Core;
using Streaming.Core.Topology;

namespace Streaming.Cli.DeadLetters;

/// <summary><c>streaming dead-letters redrive</c>: appends the original messages to their topics again, each at most so often.</summary>
internal static class RedriveCommand
{
    private const int PageSize = 1_000;

    public static Command Create(CliContext context)
    {
        var ids = new Argument<string[]>("ID") { Description = "Ids, as list shows them", Arity = ArgumentArity.ZeroOrMore };
        var all = new Option<bool>("--all") { Description = "All that have not been redriven" };
        var code = new Option<string?>("--code") { Description = "All with this error code", HelpName = "CODE" };
        var topology = DeadLettersCommand.Topology();
        var data = CommonOptions.Data();
        var json = CommonOptions.Json();
        return new Command("redrive", "Try messages again").With(ids, all, code, topology, data, json).Does(context, async (parsed, cancellationToken) =>
        {
            var chosen = parsed.GetValue(ids) ?? [];
            var wanted = (chosen.Length > 0 ? 1 : 0) + (parsed.GetValue(all) ? 1 : 0) + (parsed.GetValue(code) is null ? 0 : 1);
            if (wanted != 1)
                throw new StreamingException("usage", "say which dead letters to redrive: ids, --all, or --code CODE");
            var definition = DeadLettersCommand.Find(context, parsed.GetValue(topology));
            if (definition is { Source.UsesKafka: true })
                return await OnKafkaAsync(context, definition, chosen, parsed.GetValue(code), parsed.GetValue(json), cancellationToken);
            var query = new DeadLetterQuery { Topology = definition?.Name ?? parsed.GetValue(topology), Code = parsed.GetValue(code), Size = PageSize };
            return await EmbeddedAsync(context, parsed.GetValue(data), definition, Numbers(chosen), query, parsed.GetValue(json), cancellationToken);
        });
    }

    private static long[] Numbers(string[] ids) => Array.ConvertAll(ids, static id =>
        long.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw new StreamingException("usage", $"'{TerminalText.Line(id)}' is no id of the embedded store, which are numbers; for letters on Kafka say --topology TOPOLOGY"));

    private static async Task<ExitCode> EmbeddedAsync(
        CliContext context, string? data, TopologyDefinition? topology, long[] chosen, DeadLetterQuery query, bool json, CancellationToken cancellationToken)
    {
        var options = topology is null ? null : new EmbeddedStoreOptions { MaxAttempts = topology.DeadLetters.MaxAttempts };
        await using var store = Path.Exists(Path.Combine(DataFolder.Resolve(context, data), EmbeddedStore.FileName))
            ? await DataFolder.OpenStoreAsync(context, data, cancellationToken, options)
            : null;
        var results = new List<RedriveResult>();
        if (chosen.Length > 0)
            results.AddRange(store is null ? chosen.Select(static id => new RedriveResult(id, null, RedriveResult.NotFound)) : await store.RedriveAsync(chosen, cancellationToken));
        else if (store is not null)
            await RedriveEveryAsync(store, query, results, cancellationToken);
        foreach (var failed in results.Where(static result => result.Error is not null))
            context.Fail(new StreamingException(failed.Error!, string.Create(CultureInfo.InvariantCulture, $"dead letter {failed.Id}: {Explain(failed.Error!)}")));

        var redriven = results.Count(static result => result.Error is null);
        if (json)
        {
            JsonText.WriteObject(context.Out, writer =>
            {
                writer.WriteNumber("redriven", redriven);
                writer.WriteNumber("left", results.Count - redriven);
                writer.WriteStartArray("results");
                foreach (var result in results)
                {
                    writer.WriteStartObject();
                    writer.WriteNumber("id", result.Id);
                    if (result.Offset is { } offset)
                        writer.WriteNumber("offset", offset);
                    if (result.Error is { } error)
                        writer.WriteString("error", error);
                    writer.WriteEndObject();
                }

                writer.WriteEndArray();
            });
        }
        else
        {
            context.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{redriven:#,0} redriven, {results.Count - redriven:#,0} left"));
        }

        return redriven == results.Count ? ExitCode.Ok : ExitCode.CheckFailed;
    }

    // Pages by id: letters that are left would come again and again otherwise.
    private static async Task RedriveEveryAsync(EmbeddedStore store, DeadLetterQuery query, List<RedriveResult> results, CancellationToken cancellationToken)
    {
        while (await store.ListDeadLettersAsync(query, cancellationToken) is { Count: > 0 } page)
        {
            results.AddRange(await store.RedriveAsync([.. page.Select(static letter => letter.Id)], cancellationToken));
            query = query with { AfterId = page[^1].Id };
        }
    }

    private static string Explain(string error) => error switch
    {
        RedriveResult.NotFound => "there is none with this id",
        RedriveResult.AlreadyRedriven => "it was redriven before",
        _ => "it was tried as often as allowed (dead_letters.max_attempts)",
    };

    private static async Task<ExitCode> OnKafkaAsync(
        CliContext context, TopologyDefinition topology, string[] chosen, string? code, bool json, CancellationToken cancellationToken)
    {
        var missing = new HashSet<string>(chosen, StringComparer.Ordinal);
        var wanted = new HashSet<string>(chosen, StringComparer.Ordinal);
        Func<DeadLetter, bool>? choose = code is not null ? letter => letter.Code == code
            : chosen.Length == 0 ? null
            : letter =>
            {
                var id = DeadLetterHeaders.IdOf(letter);
                missing.Remove(id);
                return wanted.Contains(id);
            };
        await using var producer = new KafkaMessageProducer(new KafkaProducerOptions { Client = topology.Source.Kafka, Time = context.Time });
        var redrive = new KafkaRedrive(topology.Source.Kafka, producer, context.Time);
        var report = await redrive.RunAsync(
            topology.DeadLetters.Topic, KafkaLetters.RedriveGroup(topology), topology.DeadLetters.MaxAttempts, choose, cancellationToken);
        foreach (var id in missing)
            context.Fail(new StreamingException(RedriveResult.NotFound, $"dead letter {TerminalText.Line(id)}: {Explain(RedriveResult.NotFound)}"));
        // Of those that were asked for by name, each one left counts; of all, only those that can't go.
        var left = report.Exhausted + missing.Count + (chosen.Length > 0 ? report.Before : report.Unreadable);
        if (json)
        {
            JsonText.WriteObject(context.Out, writer =>
            {
                writer.WriteNumber("redriven", report.Redriven);
                writer.WriteNumber("left", left);
                writer.WriteNumber("exhausted", report.Exhausted);
                writer.WriteNumber("redriven_before", report.Before);
                writer.WriteNumber("unreadable", report.Unreadable);
                writer.WriteNumber("duplicates", report.Duplicates);
            });
        }
        else
        {
            context.Out.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{report.Redriven:#,0} redriven, {report.Exhausted:#,0} tried as often as allowed, {report.Before:#,0} redriven before, {report.Unreadable:#,0} unreadable, {report.Duplicates:#,0} duplicates"));
        }

        return left == 0 ? ExitCode.Ok : ExitCode.CheckFailed;
    }
}
