using System.CommandLine;
using System.Globalization;
using Streaming.Adapters.Sqlite.DeadLetters;
using Streaming.Cli.CommandLine;
using Streaming.Cli.Composition;
using Streaming.Core;
using Streaming.Server.Search;

namespace Streaming.Cli.DeadLetters;

/// <summary><c>streaming dead-letters list</c>.</summary>
internal static class ListCommand
{
    private const int MaxSize = 10_000;

    public static Command Create(CliContext context)
    {
        var topology = DeadLettersCommand.Topology();
        var code = new Option<string?>("--code") { Description = "Only with this error code, e.g. malformed_json", HelpName = "CODE" };
        var all = new Option<bool>("--all") { Description = "Also those that have been redriven" };
        var size = new Option<string>("--size") { Description = "At most so many, 1 to 10,000", HelpName = "N", DefaultValueFactory = static _ => "100" };
        var after = new Option<long>("--after") { Description = "Only with a greater id: where the previous page ended", HelpName = "ID" };
        var data = CommonOptions.Data();
        var json = CommonOptions.Json();
        return new Command("list", "List them, the oldest first").With(topology, code, all, size, after, data, json).Does(context, async (parsed, cancellationToken) =>
        {
            var definition = DeadLettersCommand.Find(context, parsed.GetValue(topology));
            var query = new DeadLetterQuery
            {
                Topology = definition?.Name ?? parsed.GetValue(topology),
                Code = parsed.GetValue(code),
                IncludeRedriven = parsed.GetValue(all),
                AfterId = parsed.GetValue(after),
                Size = SearchParameters.ParseCount("--size", parsed.GetValue(size)!, 1, MaxSize),
            };
            var rows = new List<ShownLetter>();
            if (definition is { Source.UsesKafka: true })
            {
                await KafkaLetters.ReadAsync(
                    context, definition,
                    letter =>
                    {
                        if ((query.Code is null || letter.Letter.Code == query.Code) && (query.IncludeRedriven || !letter.IsRedriven))
                            rows.Add(letter);
                        return rows.Count < query.Size;
                    },
                    cancellationToken);
            }
            else
            {
                await using var store = await DataFolder.OpenExistingStoreAsync(context, parsed.GetValue(data), cancellationToken);
                foreach (var stored in store is null ? [] : await store.ListDeadLettersAsync(query, cancellationToken))
                    rows.Add(new ShownLetter(stored.Id.ToString(CultureInfo.InvariantCulture), stored.Letter, stored.RedrivenTo is not null, stored.RedrivenTo));
            }

            Write(context, parsed.GetValue(json), rows);
            return ExitCode.Ok;
        });
    }

    private static void Write(CliContext context, bool json, List<ShownLetter> rows)
    {
        if (!json)
        {
            foreach (var row in rows)
                context.Out.WriteLine(LetterText.Line(row));
            if (rows.Count == 0)
                context.Out.WriteLine("no dead letters");
            return;
        }

        JsonText.WriteObject(context.Out, writer =>
        {
            writer.WriteStartArray("dead_letters");
            foreach (var row in rows)
            {
                writer.WriteStartObject();
                LetterText.WriteJson(writer, row, whole: false);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        });
    }
}
