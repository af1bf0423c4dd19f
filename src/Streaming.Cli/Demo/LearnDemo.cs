using System.CommandLine;
using System.Globalization;
using Streaming.Cli.CommandLine;
using Streaming.Cli.Composition;
using Streaming.Cli.Retraining;
using Streaming.Cli.Running;
using Streaming.Core;
using Streaming.Core.Engine;
using Streaming.Core.Telemetry;
using Streaming.Core.Topology;
using Streaming.Learning.Retraining;
using Streaming.Learning.Training;

namespace Streaming.Cli.Demo;

/// <summary>
/// <c>streaming demo --learn</c>: a model that is weak on purpose reads a stream, asks for labels, learns from them, and is replaced
/// while texts flow; at the end a model that is bad on purpose meets the gate.
/// </summary>
internal sealed class LearnDemo(CliContext context, string? told)
{
    private const int TextsASecond = 60;
    private const string Samples = "topologies/samples";

    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(250);

    private readonly string _home = HomeFolder.Find(context);
    private int _refused;

    private string Files => Path.Combine(_home, Samples, "learning");

    /// <summary>Runs it.</summary>
    public async Task<ExitCode> RunAsync(ParseResult parsed, ServingOptions serving, bool once, bool json, CancellationToken stop)
    {
        var started = context.Time.GetTimestamp();
        var data = Fresh();
        context.Say($"data in {data}");
        var topology = TopologyLoader.Load(Path.Combine(Files, "topology.yaml"), context.Environment).GetOrThrow();
        var weak = await LearnDemoModel.MakeAsync(context, data, Path.Combine(Files, "seed.jsonl"), stop);
        var before = await LearnDemoModel.MeasureAsync(weak, Path.Combine(Files, "test.jsonl"), stop);
        context.Say(Text($"a head for names that has seen a few sentences only: F1 {before:F3} on the frozen test set"));

        using var metrics = new PrometheusExporter();
        await using var host = await TopologyHost.StartAsync(context, data, topology, stopAtEnd: false, stop);
        host.Retraining!.Ended = (outcome, _) => CountAsync(outcome);
        await using var status = new HostStatus(host, topology.Definition, context.Time);
        await using var server = once ? null : await serving.StartAsync(await serving.ReadAsync(context, parsed, stop), parsed, RunCommand.Parts(host, topology, status, metrics), stop);
        if (server is not null)
            context.Say($"search page: {server.Address}   (Ctrl+C ends the demo)");

        var feed = new LearnDemoFeed(host.Producer!, topology.Definition.Source.Topics[0], context.Time);
        var labels = new LearnDemoLabels(host.Store!.Samples, topology.Name, Path.Combine(Files, "stream.jsonl"), context.Time);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(stop);
        using var bound = new DrainBound(context.Time, end.Token);
        var pipeline = new PipelineSupervisor(Engines.Create(null), new DeliveryOptions(), context.Time).RunAsync(host.CreatePipelineAsync, end.Token, bound.Abort);
        var labelling = labels.RunAsync(end.Token);
        var feeding = feed.RunAsync(Path.Combine(Files, "stream.jsonl"), Path.Combine(_home, DemoSample.RelativePath), TextsASecond, end.Token);
        try
        {
            await WatchAsync(host, topology.Definition.Retraining.MinLabels, feed, feeding, pipeline, stop);
            // What was decided last is in force before anything is told of it.
            await host.Serving!.CheckAsync(stop);
            var swaps = host.Serving.Swaps;
            var bad = await MeetTheGateAsync(host, topology, stop);
            var inForce = host.Serving.Bundle;
            var report = new LearnDemoReport
            {
                Before = before,
                After = await LearnDemoModel.MeasureAsync(inForce, Path.Combine(Files, "test.jsonl"), stop),
                Labelled = labels.Labelled,
                Swaps = swaps,
                Refused = _refused,
                BadRefused = bad.Promoted is false,
                Documents = feed.Fed,
                Done = host.Progress.Snapshot(),
                Version = inForce.Manifest.Version,
                Took = context.Time.GetElapsedTime(started),
            };
            report.Write(context, json);
            if (!once)
                await Task.Delay(Timeout.InfiniteTimeSpan, context.Time, stop);
            return report.IsWhole ? ExitCode.Ok : ExitCode.CheckFailed;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            context.Say("stopped");
            return once ? ExitCode.CheckFailed : ExitCode.Ok;
        }
        finally
        {
            await end.CancelAsync();
            await Task.WhenAll(pipeline, labelling);
            await feeding.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Until every text is indexed and a retraining that is due has ended.</summary>
    private async Task WatchAsync(TopologyHost host, int minLabels, LearnDemoFeed feed, Task feeding, Task pipeline, CancellationToken stop)
    {
        using var line = new ProgressLine(context);
        var expected = File.ReadLines(Path.Combine(Files, "stream.jsonl")).Count() + DemoSample.Ids(_home).Count;
        var journal = new RetrainJournal(host.Serving!.Registry!, LearnDemoModel.Name);
        while (true)
        {
            stop.ThrowIfCancellationRequested();
            if (pipeline.IsCompleted)
                await pipeline;
            if (feeding.IsFaulted)
                await feeding;
            var now = host.Progress.Snapshot();
            line.Report("enriching", now.Outcomes.Total, expected, $"{now.Outcomes.Total:N0} of {expected:N0} documents, model {host.Identity!.Version}, {host.Serving.Swaps} swapped in");
            if (feeding.IsCompleted && now.Outcomes.Total >= feed.Fed && await IsLearntAsync())
                break;
            await Task.Delay(Look, context.Time, stop);
        }

        async ValueTask<bool> IsLearntAsync()
        {
            var state = journal.Read();
            var waiting = await host.Store!.Samples.GetStatisticsAsync(LearnDemoModel.Name, state.LearntThrough, stop);
            return state.Open is null && waiting.Unanswered == 0 && waiting.Groups.Sum(static group => group.Trainable) < minLabels;
        }
    }

    /// <summary>A retraining whose head is spoilt: its labels are dealt out one further.</summary>
    private async Task<RetrainOutcome> MeetTheGateAsync(TopologyHost host, CompiledTopology topology, CancellationToken stop)
    {
        context.Say("now a model that is bad on purpose");
        var spoilt = new RetrainCycle(
            host.Serving!.Registry!, host.Store!.Samples, RetrainSetup.Runner(context), RetrainSetup.Plan(topology, LearnDemoModel.Name), context.Time) { Spoil = Spoil };
        while (true)
        {
            if (await spoilt.RunAsync(RetrainTriggers.Manual, stop) is { } outcome)
            {
                await CountAsync(outcome);
                context.Say(RetrainService.Text(outcome));
                return outcome;
            }

            await Task.Delay(Look, context.Time, stop);
        }
    }

    private static TrainedHead Spoil(TrainedHead head)
    {
        var inputs = head.Weights.Length / head.Bias.Length;
        return head with { Weights = [.. head.Weights[inputs..], .. head.Weights[..inputs]], Bias = [.. head.Bias[1..], head.Bias[0]] };
    }

    private ValueTask CountAsync(RetrainOutcome outcome)
    {
        if (outcome.Promoted is false)
            _refused++;
        return ValueTask.CompletedTask;
    }

    /// <summary>A folder of the demo's own, empty: what it learns must not depend on what it learnt before.</summary>
    private string Fresh()
    {
        var folder = Path.Combine(DataFolder.Resolve(context, told), "learning-demo");
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
        Directory.CreateDirectory(folder);
        return folder;
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
