using System.CommandLine;
using Streaming.Adapters.Sqlite.Status;
using Streaming.Cli.CommandLine;
using Streaming.Cli.Composition;
using Streaming.Cli.Running;
using Streaming.Core;
using Streaming.Core.Engine;
using Streaming.Core.Telemetry;
using Streaming.Core.Topology;
using Streaming.Server;

namespace Streaming.Cli.Demo;

/// <summary><c>streaming demo</c>: the minimal topology in one process on one file, fed with the shipped sample, with the search page.</summary>
internal static class DemoCommand
{
    private const string Topology = "topologies/minimal.yaml";
    private static readonly TimeSpan Redraw = TimeSpan.FromMilliseconds(250);

    public static Command Create(CliContext context)
    {
        var data = CommonOptions.Data();
        var json = CommonOptions.Json();
        var once = new Option<bool>("--once") { Description = "Enrich the sample, report and end, without the page" };
        var learn = new Option<bool>("--learn") { Description = "Show the whole circle instead: a weak model asks for labels, learns, and is replaced while the stream runs" };
        var serving = new ServingOptions();
        return serving.AddTo(new Command("demo", "Enrich real texts on this machine and search them, in a minute").With(data, once, learn, json))
            .Does(context, async (parsed, stop) =>
            {
                if (parsed.GetValue(learn))
                    return await new LearnDemo(context, parsed.GetValue(data)).RunAsync(parsed, serving, parsed.GetValue(once), parsed.GetValue(json), stop);
                var home = HomeFolder.Find(context);
                var topology = Embedded(TopologyLoader.Load(Path.Combine(home, Topology), context.Environment).GetOrThrow());
                var served = await serving.ReadAsync(context, parsed, stop);
                var folder = DataFolder.Resolve(context, parsed.GetValue(data));
                context.Say($"data in {folder}");
                using var metrics = new PrometheusExporter();
                await using var host = await TopologyHost.StartAsync(context, parsed.GetValue(data), topology, stopAtEnd: parsed.GetValue(once), stop);
                context.Say($"model: {host.Identity!.Name} {host.Identity.Version} is ready");
                if (parsed.GetValue(once))
                    return await RunOnceAsync(context, host, topology, home, parsed.GetValue(json), stop);
                return await ServeAsync(context, parsed, serving, served, host, topology, home, metrics, parsed.GetValue(json), stop);
            });
    }

    /// <summary>The demo never needs a server, whatever the environment says.</summary>
    private static CompiledTopology Embedded(CompiledTopology topology) => topology with
    {
        Definition = topology.Definition with
        {
            Source = topology.Definition.Source with { Kind = SourceKind.Log, Kafka = new Dictionary<string, string>() },
            Sink = topology.Definition.Sink with { Kind = SinkKind.Index, Urls = [] },
        },
    };

    private static async Task<ExitCode> RunOnceAsync(CliContext context, TopologyHost host, CompiledTopology topology, string home, bool json, CancellationToken stop)
    {
        var expected = await DemoSample.FeedAsync(home, host.Producer!, topology.Definition.Source.Topics[0], static _ => { }, stop);
        using var line = new ProgressLine(context);
        await using var status = new HostStatus(host, topology.Definition, context.Time);
        var started = context.Time.GetTimestamp();
        using var bound = new DrainBound(context.Time, stop);
        var run = Supervisor(context).RunAsync(host.CreatePipelineAsync, stop, bound.Abort);
        while (await Task.WhenAny(run, Task.Delay(Redraw, context.Time, CancellationToken.None)) != run)
            Show(line, status, host, expected);
        await run;
        Show(line, status, host, expected);
        line.Dispose();
        var took = context.Time.GetElapsedTime(started);
        if (stop.IsCancellationRequested)
        {
            context.Say("stopped before the end; start again to go on");
            return ExitCode.CheckFailed;
        }

        var report = new DemoReport(host.Progress.Snapshot(), took, host.Identity!, PackageSet.Name, PeakMemory.Bytes());
        report.Write(context, json);
        return report.IsWhole ? ExitCode.Ok : ExitCode.CheckFailed;
    }

    private static async Task<ExitCode> ServeAsync(
        CliContext context, ParseResult parsed, ServingOptions serving, ServerOptions served, TopologyHost host, CompiledTopology topology, string home, PrometheusExporter metrics, bool json, CancellationToken stop)
    {
        await using var status = new HostStatus(host, topology.Definition, context.Time);
        var started = context.Time.GetTimestamp();
        await using var server = await serving.StartAsync(served, parsed, RunCommand.Parts(host, topology, status, metrics), stop);
        using var bound = new DrainBound(context.Time, stop);
        var run = Supervisor(context).RunAsync(host.CreatePipelineAsync, stop, bound.Abort);
        try
        {
            status.Expected = await FeedAsync(host, topology, home, stop);
            context.Say($"search page: {server.Address}   (Ctrl+C ends the demo; the data stays)");
            if (status.Expected is { } expected)
                await WatchAsync(context, host, status, (int)expected, run, stop);
            else
                context.Say("the texts are enriched already; new ones are taken at any time");
            await run;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            await run;
        }

        var left = (await StatusAsync(host, topology, CancellationToken.None))?.Backlog ?? 0;
        context.Say(left == 0 ? "stopped; everything is stored" : $"stopped; {left:N0} texts wait in the log: start again to go on");
        if (json)
            new DemoReport(host.Progress.Snapshot(), context.Time.GetElapsedTime(started), host.Identity!, PackageSet.Name, PeakMemory.Bytes()).Write(context, json: true);
        return ExitCode.Ok;
    }

    /// <summary>Feeds the sample unless the log has it; gives how many texts are to be enriched now, or null when none are.</summary>
    private static async Task<long?> FeedAsync(TopologyHost host, CompiledTopology topology, string home, CancellationToken stop)
    {
        var known = await StatusAsync(host, topology, stop);
        var texts = DemoSample.Ids(home);
        // A feed that was cut off leaves fewer in the log, and the last, which is appended last, is not among the documents.
        var isFed = known is not null && (known.Ingested >= texts.Count || await host.Search!.GetAsync(texts[^1], stop) is not null);
        if (isFed)
            return known!.Backlog > 0 ? known.Backlog : null;
        return await DemoSample.FeedAsync(home, host.Producer!, topology.Definition.Source.Topics[0], static _ => { }, stop) + (known?.Backlog ?? 0);
    }

    private static async Task<TopologyStatus?> StatusAsync(TopologyHost host, CompiledTopology topology, CancellationToken cancellationToken) =>
        (await host.Store!.GetStatusAsync(cancellationToken)).FirstOrDefault(totals => totals.Topology == topology.Name);

    private static async Task WatchAsync(CliContext context, TopologyHost host, HostStatus status, int expected, Task run, CancellationToken stop)
    {
        using var line = new ProgressLine(context);
        var started = context.Time.GetTimestamp();
        while (!run.IsCompleted && !stop.IsCancellationRequested && host.Progress.Snapshot().Outcomes.Total < expected)
        {
            Show(line, status, host, expected);
            await Task.WhenAny(run, Task.Delay(Redraw, context.Time, stop));
        }

        Show(line, status, host, expected);
        line.Dispose();
        var took = context.Time.GetElapsedTime(started);
        if (host.Progress.Snapshot().Outcomes.Total >= expected)
        {
            var found = host.Progress.Snapshot();
            context.Say($"{expected:N0} texts enriched in {took.TotalSeconds:N1} s: {found.Entities:N0} entities, {found.Topics:N0} topics, {found.Sentiments:N0} sentiments, {found.Aspects:N0} aspects");
        }
    }

    private static void Show(ProgressLine line, HostStatus status, TopologyHost host, int expected)
    {
        var now = host.Progress.Snapshot();
        var done = now.Outcomes.Total;
        line.Report("enriching", done, expected, $"{done:N0} of {expected:N0} documents, {status.Rate(now):N0}/s, {now.Entities:N0} entities");
    }

    private static PipelineSupervisor Supervisor(CliContext context) => new(Engines.Create(null), new DeliveryOptions(), context.Time);
}
