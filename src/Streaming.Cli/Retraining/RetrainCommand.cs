using System.CommandLine;
using System.Text.Json;
using Streaming.Adapters.Sqlite;
using Streaming.Cli.CommandLine;
using Streaming.Cli.Composition;
using Streaming.Cli.Labelling;
using Streaming.Cli.Learning;
using Streaming.Core;
using Streaming.Core.Topology;
using Streaming.Learning.Retraining;
using Streaming.Learning.Training;

namespace Streaming.Cli.Retraining;

/// <summary><c>streaming retrain TOPOLOGY</c>: one retraining now, or with <c>--watch</c> whenever it is due.</summary>
internal static class RetrainCommand
{
    public static Command Create(CliContext context)
    {
        var file = new Argument<string>("topology") { Description = "Topology file, or the name of a shipped one" };
        var watch = new Option<bool>("--watch") { Description = "Go on until told to stop, and train by count, schedule and drift" };
        var data = CommonOptions.Data();
        var json = CommonOptions.Json();
        return new Command("retrain", "Train heads, or the encoder too, again from new labels, judge them, and put them in force if they are better").With(file, watch, data, json)
            .Does(context, async (parsed, stop) =>
            {
                var topology = TopologyFile.Load(context, parsed.GetValue(file)!);
                if (topology.Definition.Model.Channel is null || topology.Definition.Retraining.Test.IsEmpty)
                    throw new StreamingException("retraining_not_set", $"'{topology.Name}' cannot be retrained: set model.channel, and retraining.test for at least one task");
                await using var store = await DataFolder.OpenStoreAsync(context, parsed.GetValue(data), stop);
                await using var search = await SearchAccess.OpenAsync(context, parsed.GetValue(data), topology.Definition, stop);
                var registry = RegistryAccess.Open(context, parsed.GetValue(data), topology.Definition.Model.Registry);
                var bundle = await RegistryAccess.InForceAsync(context, parsed.GetValue(data), registry, topology.Definition.Model, stop);
                var plan = RetrainSetup.Plan(topology, bundle.Manifest.Name);
                using var progress = new ProgressLine(context);
                var cycle = RetrainSetup.Cycle(context, topology, plan, registry, store.Samples, search.Index, new InlineProgress<TrainingProgress>(at => TrainingText.Show(progress, at)));
                await using var publisher = await EventPublisher.OpenAsync(context, parsed.GetValue(data), topology.Definition, registry, bundle.Manifest.Name, store, stop);
                if (parsed.GetValue(watch))
                {
                    context.Say($"watching the labels of {topology.Name}; stop it with Ctrl+C");
                    await publisher.PublishAsync(stop);
                    var collecting = CollectAsync(context, topology.Definition, store, stop);
                    await new RetrainService(context, topology, cycle, search.Index) { Ended = (_, token) => publisher.PublishAsync(token) }.RunAsync(stop);
                    await collecting;
                    return ExitCode.Ok;
                }

                var outcome = await cycle.RunAsync(RetrainTriggers.Manual, stop)
                    ?? throw new DependencyUnavailableException("retraining_under_way", $"another process is retraining '{topology.Name}'; wait for it, or stop it");
                progress.Dispose();
                await publisher.PublishAsync(stop);
                if (parsed.GetValue(json))
                    context.Out.WriteLine(JsonSerializer.Serialize(outcome, RetrainJson.OnDisk.RetrainOutcome));
                else
                    context.Out.WriteLine(RetrainService.Text(outcome));
                return outcome.Promoted is true ? ExitCode.Ok : ExitCode.CheckFailed;
            });
    }

    /// <summary>Over Kafka, labels are brought together here from wherever they were given; embedded, they are here already.</summary>
    private static Task CollectAsync(CliContext context, TopologyDefinition topology, EmbeddedStore store, CancellationToken stop) => topology.Source.UsesKafka
        ? CollectedSamples.CollectAsync(context, topology, topology.Source.Group + ".retrain", store.Samples, stop)
        : Task.CompletedTask;
}
