using System.CommandLine;
using System.Globalization;
using Streaming.Adapters.Sqlite;
using Streaming.Cli.CommandLine;
using Streaming.Cli.Composition;
using Streaming.Core;
using Streaming.Core.Topology;

namespace Streaming.Cli.Ingest;

/// <summary><c>streaming ingest FILE|-</c>: appends texts to a topic.</summary>
internal static class IngestCommand
{
    private const string DefaultTopic = "text.raw";

    public static Command Create(CliContext context)
    {
        var input = new Argument<string>("FILE") { Description = "File to read, or - for standard input" };
        var format = new Option<string>("--format") { Description = "auto, lines, jsonl, csv or tsv", DefaultValueFactory = static _ => "auto" };
        var column = new Option<string?>("--column") { Description = "Column with the text (csv, tsv; default: text)", HelpName = "NAME" };
        var idColumn = new Option<string?>("--id-column") { Description = "Column with the document's id (csv, tsv)", HelpName = "NAME" };
        var topic = new Option<string?>("--topic") { Description = $"Topic to append to (default: {DefaultTopic}, or the topology's first)", HelpName = "TOPIC" };
        var topology = new Option<string?>("--topology") { Description = "Topology whose source to feed; one that reads from Kafka is fed there", HelpName = "FILE" };
        var data = CommonOptions.Data();
        var json = CommonOptions.Json();
        return new Command("ingest", "Append texts to a topic")
            .With(input, format, column, idColumn, topic, topology, data, json)
            .Does(context, (parsed, cancellationToken) => RunAsync(
                context,
                new IngestRequest(
                    parsed.GetValue(input)!, InputFormats.Parse(parsed.GetValue(format)!), parsed.GetValue(column), parsed.GetValue(idColumn),
                    parsed.GetValue(topic), parsed.GetValue(topology), parsed.GetValue(data), parsed.GetValue(json)),
                cancellationToken));
    }

    private static async Task<ExitCode> RunAsync(CliContext context, IngestRequest request, CancellationToken cancellationToken)
    {
        await using var input = InputFile.Open(context, request.Input);
        var maxBytes = new EmbeddedStoreOptions().MaxMessageBytes;
        using var lines = new LineReader(input, maxBytes);
        var format = request.Format ?? InputFormats.Guess(request.Input, (await lines.PeekAsync(cancellationToken)).Span);
        var definition = request.Topology is { } told ? TopologyFile.Load(context, told).Definition : null;
        var topic = request.Topic ?? FirstTopic(definition);
        await using var log = await LogAccess.OpenAsync(context, request.Data, definition, topic, cancellationToken);

        var begin = context.Time.GetTimestamp();
        var report = new IngestReport((code, why) => context.Fail(new StreamingException(code, why)));
        var progress = new IngestProgress(context, report);
        var finished = false;
        try
        {
            await using var writer = new BatchWriter(log.Producer, topic, report, progress.Show);
            if (format is InputFormat.Csv or InputFormat.Tsv)
            {
                await using var rest = new PeekedStream(await lines.PeekAsync(cancellationToken), input);
                await DelimitedIngest.RunAsync(rest, format == InputFormat.Csv ? ',' : '\t', request.Column, request.IdColumn, maxBytes, writer, report, cancellationToken);
            }
            else
            {
                if (request.Column is not null || request.IdColumn is not null)
                    throw new StreamingException("invalid_parameter", "--column and --id-column are for csv and tsv; give --format too if the file is one");
                await LineIngest.RunAsync(lines, format == InputFormat.Jsonl, writer, report, cancellationToken);
            }

            await writer.FinishAsync(cancellationToken);
            finished = true;
        }
        finally
        {
            progress.Clear();
            // What a failed or stopped run has written stays; say how much.
            if (finished || report.Written > 0)
                Finish(context, request, topic, report, context.Time.GetElapsedTime(begin));
        }

        return report.Refused == 0 ? ExitCode.Ok : ExitCode.CheckFailed;
    }

    private static string FirstTopic(TopologyDefinition? definition)
    {
        if (definition is null)
            return DefaultTopic;
        var first = definition.Source.Topics[0];
        return !first.StartsWith('^')
            ? first
            : throw new StreamingException("invalid_parameter", $"the topology {definition.Name} reads every topic that matches {first}; say which one to write to with --topic");
    }

    private static void Finish(CliContext context, IngestRequest request, string topic, IngestReport report, TimeSpan elapsed)
    {
        if (request.Json)
        {
            JsonText.WriteObject(context.Out, json =>
            {
                json.WriteString("topic", topic);
                json.WriteNumber("written", report.Written);
                json.WriteNumber("refused", report.Refused);
                json.WriteNumber("blank", report.Blank);
                json.WriteNumber("seconds", Math.Round(elapsed.TotalSeconds, 3));
            });
            return;
        }

        var refused = report.Refused == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $", {report.Refused:#,0} refused");
        var blank = report.Blank == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $", {report.Blank:#,0} empty lines passed over");
        context.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{report.Written:#,0} written to {topic}{refused}{blank}, in {elapsed.TotalSeconds:0.0} s"));
    }
}

/// <summary>What to ingest, and where to.</summary>
internal sealed record IngestRequest(
    string Input, InputFormat? Format, string? Column, string? IdColumn, string? Topic, string? Topology, string? Data, bool Json);
