using System.CommandLine;
using System.Text.Json;
using Streaming.Cli.CommandLine;
using Streaming.Cli.Labelling;
using Streaming.Cli.Composition;
using Streaming.Cli.Telemetry;
using Streaming.Contracts;
using Streaming.Core;
using Streaming.Core.Engine;
using Streaming.Core.Telemetry;
using Streaming.Core.Topology;
using Streaming.Learning.Provenance;
using Streaming.Learning.Selection;
using Streaming.Server;

namespace Streaming.Cli.Running;

/// <summary><c>streaming run TOPOLOGY</c>: runs a topology until it is told to stop, then drains.</summary>
internal static class RunCommand
{
    public static Command Create(CliContext context)
    {
        var file = new Argument<string>("topology") { Description = "Topology file, or the name of a shipped one, such as minimal" };
        var data = CommonOptions.Data();
        var json = CommonOptions.Json();
        var once = new Option<bool>("--once") { Description = "Stop when everything that is in the embedded log now has been processed" };
        var noServer = new Option<bool>("--no-server") { Description = "No page and no HTTP interface" };
        var engineOption = Engines.Option();
        var log = new Option<string>("--log") { Description = "What happens, on standard error: text for people, json for one object a line", DefaultValueFactory = static _ => "text", HelpName = "text|json" };
        log.AcceptOnlyFromAmong("text", "json");
        var serving = new ServingOptions();
        return serving.AddTo(new Command("run", "Run a topology until it is told to stop").With(file, data, once, noServer, engineOption, log, json))
            .Does(context, async (parsed, stop) =>
            {
                context.Events.IsJson = parsed.GetValue(log) == "json";
                var engine = Engines.Create(parsed.GetValue(engineOption));
                var topology = TopologyFile.Load(context, parsed.GetValue(file)!);
                if (parsed.GetValue(once) && topology.Definition.Source.UsesKafka)
                    throw new StreamingException("usage", "--once needs the embedded log: a Kafka topic has no end");
                var served = await serving.ReadAsync(context, parsed, stop);
                using var otlp = OtlpExport.Start(context);
                using var metrics = new PrometheusExporter();
                await using var host = await TopologyHost.StartAsync(context, parsed.GetValue(data), topology, parsed.GetValue(once), stop);
                await using var status = new HostStatus(host, topology.Definition, context.Time);
                StreamingServer? server = null;
                try
                {
                    if (!parsed.GetValue(noServer) && !parsed.GetValue(once))
                    {
                        server = await serving.StartAsync(served, parsed, Parts(host, topology, status, metrics), stop);
                        context.Say("serving", $"serving {server.Address}");
                    }

                    context.Say("running", $"running {topology.Name} with model {host.Identity!.Name} {host.Identity.Version}; stop it with Ctrl+C");
                    using var bound = new DrainBound(context.Time, stop);
                    var supervisor = new PipelineSupervisor(engine, new DeliveryOptions(), context.Time);
                    await supervisor.RunAsync(host.CreatePipelineAsync, stop, bound.Abort);
                }
                finally
                {
                    if (server is not null)
                        await server.DisposeAsync();
                }

                Report(context, parsed.GetValue(json), topology.Name, host);
                return ExitCode.Ok;
            });
    }

    /// <summary>What the server shows of a topology that runs in this process.</summary>
    internal static ServerParts Parts(TopologyHost host, CompiledTopology topology, HostStatus status, PrometheusExporter metrics) => new()
    {
        Search = host.Search,
        Producer = host.Producer,
        Topics = topology.Definition.Source.Topics,
        Models = host.Models,
        Status = status,
        DeadLetters = host.Store is { } store ? new StoreDeadLetters(store) : null,
        History = host.Serving?.Registry is null ? null : host.Serving.History,
        Lineage = host.Serving?.Registry is { } registry ? new LineageReader(registry, host.Samples) : null,
        Samples = host.Samples,
        Labels = host.Serving is { } serving ? Labellers.LabelsOf(serving.Bundle, topology.Definition) : new Dictionary<LabelTask, IReadOnlyList<string>>(),
        Metrics = metrics.Write,
        NotReadyBecause = () => host.NotReadyBecause,
    };

    private static void Report(CliContext context, bool json, string topology, TopologyHost host)
    {
        var done = host.Progress.Snapshot();
        if (!json)
        {
            context.Say("drained", $"drained: {done.Outcomes.Indexed} indexed, {done.Outcomes.DeadLettered} dead-lettered, {done.Outcomes.Filtered} filtered, {done.Outcomes.Deleted} deleted");
            return;
        }

        JsonText.WriteObject(context.Out, writer =>
        {
            writer.WriteString("topology", topology);
            writer.WriteNumber("read", done.Read);
            writer.WriteNumber("indexed", done.Outcomes.Indexed);
            writer.WriteNumber("dead_lettered", done.Outcomes.DeadLettered);
            writer.WriteNumber("filtered", done.Outcomes.Filtered);
            writer.WriteNumber("deleted", done.Outcomes.Deleted);
            writer.WriteString("model", host.Identity!.Name);
            writer.WriteString("model_version", host.Identity.Version);
            if (host.Selector is { } selector)
                WriteSelection(writer, selector.Counts);
        });
    }

    private static void WriteSelection(Utf8JsonWriter writer, SelectionCounts counts)
    {
        writer.WriteStartObject("labelling");
        writer.WriteNumber("considered", counts.Considered);
        foreach (var (name, numbers) in new[] { ("chosen", counts.Chosen), ("passed_over", counts.PassedOver) })
        {
            writer.WriteStartObject(name);
            foreach (var (reason, count) in numbers)
                writer.WriteNumber(reason, count);
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }
}
