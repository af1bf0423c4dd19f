using System.CommandLine;
using Streaming.Cli.CommandLine;
using Streaming.Cli.Composition;
using Streaming.Core;
using Streaming.Core.Models.Caching;
using Streaming.Core.Telemetry;

namespace Streaming.Cli.Retraining;

/// <summary><c>streaming reenrich TOPOLOGY</c>: documents of older models are enriched again with the one in force.</summary>
internal static class ReenrichCommand
{
    public static Command Create(CliContext context)
    {
        var file = new Argument<string>("topology") { Description = "Topology file, or the name of a shipped one" };
        var rate = new Option<int>("--rate") { Description = "Most documents a second; 0: as fast as it goes", HelpName = "N", DefaultValueFactory = static _ => 50 }.Between(0, 1_000_000);
        var cache = new Option<int>("--cache") { Description = "Most MiB of hidden states kept in the data folder, so that the next model with the same encoder runs its heads only; 0: none", HelpName = "MIB", DefaultValueFactory = static _ => 1_024 }.Between(0, 1_048_576);
        var data = CommonOptions.Data();
        var json = CommonOptions.Json();
        return new Command("reenrich", "Enrich documents of older models again with the one in force; goes on where it was stopped").With(file, rate, cache, data, json)
            .Does(context, async (parsed, stop) =>
            {
                var topology = TopologyFile.Load(context, parsed.GetValue(file)!);
                // Nothing is chosen for labels and nothing trained here: only the model and the sink are needed.
                topology = topology with
                {
                    Definition = topology.Definition with
                    {
                        Labelling = topology.Definition.Labelling with { Enabled = false },
                        Retraining = topology.Definition.Retraining with { Enabled = false },
                    },
                };
                await using var host = await TopologyHost.StartAsync(context, parsed.GetValue(data), topology, stopAtEnd: true, stop);
                using var line = new ProgressLine(context);
                using var features = OpenCache(context, DataFolder.Resolve(context, parsed.GetValue(data)), host, parsed.GetValue(cache));
                var job = new Reenrichment(host, topology.Definition, features, context.Time) { Report = (done, total) => line.Report("re-enriching", done, total, $"{done:N0} of {total:N0} documents looked at") };
                await job.RunAsync(parsed.GetValue(rate), stop);
                line.Dispose();
                if (parsed.GetValue(json))
                {
                    JsonText.WriteObject(context.Out, writer =>
                    {
                        writer.WriteString("topology", topology.Name);
                        writer.WriteString("model_version", host.Identity!.Version);
                        writer.WriteNumber("seen", job.Seen);
                        writer.WriteNumber("enriched", job.Enriched);
                        writer.WriteNumber("superseded", job.Superseded);
                        writer.WriteNumber("failed", job.Failed);
                        writer.WriteNumber("cached_windows", job.Windows.Cached);
                        writer.WriteNumber("encoded_windows", job.Windows.Encoded);
                        writer.WriteNumber("cache_bytes", features?.Bytes ?? 0);
                    });
                }
                else
                {
                    context.Out.WriteLine($"{job.Enriched:N0} of {job.Seen:N0} documents enriched again with {host.Identity!.Name} {host.Identity.Version}; {job.Superseded:N0} were newer, {job.Failed:N0} failed");
                }

                return job.Failed == 0 ? ExitCode.Ok : ExitCode.CheckFailed;
            });
    }

    private static EncoderCache? OpenCache(CliContext context, string folder, TopologyHost host, int mebibytes)
    {
        if (mebibytes == 0)
            return null;
        using var lease = host.Models!.Acquire();
        var cache = EncoderCache.Open(Path.Combine(folder, "features"), host.Serving!.Bundle.Manifest.Encoder.Sha256, lease.Model.Runner.Info, mebibytes * 1_048_576L);
        if (cache is null)
            context.Tell(new Notice(NoticeLevel.Warning, "feature_cache_busy", "another process has the cache of hidden states, so this one does without"));
        return cache;
    }
}
