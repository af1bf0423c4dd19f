using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Streaming.Adapters.Sqlite.Status;
using Streaming.Cli.CommandLine;
using Streaming.Cli.Composition;
using Streaming.Core;
using Streaming.Core.Sinks;
using Streaming.Core.Topology;

namespace Streaming.Cli.Status;

/// <summary><c>streaming status</c>: how far each topology of an embedded store is, also while it runs.</summary>
internal static class StatusCommand
{
    public static Command Create(CliContext context)
    {
        var file = new Argument<string?>("TOPOLOGY") { Description = "Only this one: a file or name; needed for one that reads from Kafka", Arity = ArgumentArity.ZeroOrOne };
        var data = CommonOptions.Data();
        var json = CommonOptions.Json();
        return new Command("status", "How far each topology is")
            .With(file, data, json)
            .Does(context, async (parsed, cancellationToken) =>
            {
                var only = parsed.GetValue(file) is { } told ? TopologyFile.Load(context, told).Definition : null;
                if (only is { Source.UsesKafka: true })
                {
                    await ShowGroupAsync(context, only, parsed.GetValue(json), cancellationToken);
                    return ExitCode.Ok;
                }

                await using var store = await DataFolder.OpenExistingStoreAsync(context, parsed.GetValue(data), cancellationToken);
                IReadOnlyList<TopologyStatus> topologies = store is null ? [] : await store.GetStatusAsync(cancellationToken);
                if (only is not null)
                    topologies = [.. topologies.Where(status => status.Topology == only.Name)];
                if (parsed.GetValue(json))
                    WriteJson(context.Out, topologies);
                else
                    WriteText(context, parsed.GetValue(data), topologies);
                return ExitCode.Ok;
            });
    }

    /// <summary>What the broker knows of a consumer group. What its processes have done since their starts they say themselves.</summary>
    private static async Task ShowGroupAsync(CliContext context, TopologyDefinition topology, bool json, CancellationToken cancellationToken)
    {
        var partitions = await GroupLag.DescribeAsync(topology, context.Time, cancellationToken);
        var backlog = partitions.Sum(static partition => partition.Messages);
        var ingested = partitions.Sum(static partition => partition.End);
        var age = partitions.Max(static partition => partition.Age);
        if (json)
        {
            JsonText.WriteObject(context.Out, writer =>
            {
                writer.WriteString("topology", topology.Name);
                writer.WriteString("group", topology.Source.Group);
                writer.WriteNumber("ingested", ingested);
                writer.WriteNumber("backlog", backlog);
                if (age is { } oldest)
                    writer.WriteNumber("backlog_seconds", Math.Round(oldest.TotalSeconds, 3));
                writer.WriteNumber("partitions", partitions.Count);
            });
            return;
        }

        context.Out.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{topology.Name}: group {topology.Source.Group} is {backlog:#,0} of {ingested:#,0} messages behind in {partitions.Count} partitions{(age is { } old ? $", the oldest {old.TotalSeconds:#,0.0} s old" : "")}"));
        context.Say("what a process has done since its start it says itself: GET /v1/status; partition by partition: streaming lag");
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
