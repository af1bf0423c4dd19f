using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Streaming.Adapters.Sqlite.Status;
using Streaming.Cli.CommandLine;
using Streaming.Cli.Composition;
using Streaming.Core;
using Streaming.Core.Sinks;

namespace Streaming.Cli.Status;

/// <summary><c>streaming status</c>: how far each topology of an embedded store is, also while it runs.</summary>
internal static class StatusCommand
{
    public static Command Create(CliContext context)
    {
        var data = CommonOptions.Data();
        var json = CommonOptions.Json();
        return new Command("status", "How far each topology is")
            .With(data, json)
            .Does(context, async (parsed, cancellationToken) =>
            {
                await using var store = await DataFolder.OpenExistingStoreAsync(context, parsed.GetValue(data), cancellationToken);
                var topologies = store is null ? [] : await store.GetStatusAsync(cancellationToken);
                if (parsed.GetValue(json))
                    WriteJson(context.Out, topologies);
                else
                    WriteText(context, parsed.GetValue(data), topologies);
                return ExitCode.Ok;
            });
    }

    private static void WriteText(CliContext context, string? data, IReadOnlyList<TopologyStatus> topologies)
    {
        if (topologies.Count == 0)
        {
            context.Out.WriteLine($"no topology has run in {DataFolder.Resolve(context, data)} yet");
            return;
        }

        var paint = new Paint(context.UseColour);
        var width = Math.Max("topology".Length, topologies.Max(static t => t.Topology.Length));
        context.Out.WriteLine(paint.Faint($"{"topology".PadRight(width)}  {"ingested",9}  {"indexed",9}  {"dead",7}  {"filtered",8}  {"deleted",7}  {"backlog",8}  state    model"));
        foreach (var status in topologies)
        {
            var outcomes = status.Outcomes;
            context.Out.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{status.Topology.PadRight(width)}  {status.Ingested,9:#,0}  {outcomes.Indexed,9:#,0}  {outcomes.DeadLettered,7:#,0}  {outcomes.Filtered,8:#,0}  {outcomes.Deleted,7:#,0}  {status.Backlog,8:#,0}  {(status.Running ? "running" : "stopped")}  {Model(status)}"));
        }
    }

    private static string Model(TopologyStatus status) => status.Model is null ? "–" : $"{status.Model} {status.ModelVersion}";

    /// <summary>
    /// <c>topologies[] {topology, ingested, indexed, dead_lettered, filtered, deleted, backlog, …}</c>. With one topology its
    /// fields stand at the top too; with none, zeros do.
    /// </summary>
    private static void WriteJson(TextWriter output, IReadOnlyList<TopologyStatus> topologies) => JsonText.WriteObject(output, json =>
    {
        if (topologies.Count == 1)
            WriteFields(json, topologies[0]);
        else if (topologies.Count == 0)
            WriteCounts(json, 0, default, 0);
        json.WriteStartArray("topologies");
        foreach (var status in topologies)
        {
            json.WriteStartObject();
            WriteFields(json, status);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    });

    private static void WriteFields(Utf8JsonWriter json, TopologyStatus status)
    {
        json.WriteString("topology", status.Topology);
        WriteCounts(json, status.Ingested, status.Outcomes, status.Backlog);
        if (status.OldestAge is { } age)
            json.WriteNumber("backlog_seconds", Math.Round(age.TotalSeconds, 3));
        json.WriteString("model", status.Model);
        json.WriteString("model_version", status.ModelVersion);
        json.WriteBoolean("running", status.Running);
        json.WriteString("updated", status.Updated);
    }

    private static void WriteCounts(Utf8JsonWriter json, long ingested, OutcomeCounts outcomes, long backlog)
    {
        json.WriteNumber("ingested", ingested);
        json.WriteNumber("indexed", outcomes.Indexed);
        json.WriteNumber("dead_lettered", outcomes.DeadLettered);
        json.WriteNumber("filtered", outcomes.Filtered);
        json.WriteNumber("deleted", outcomes.Deleted);
        json.WriteNumber("backlog", backlog);
    }
}
