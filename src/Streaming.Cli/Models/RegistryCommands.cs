using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Streaming.Cli.CommandLine;
using Streaming.Cli.Composition;
using Streaming.Contracts;
using Streaming.Core;
using Streaming.Core.Models.Bundle;
using Streaming.Core.Models.Registry;
using Streaming.Learning.Promotion;

namespace Streaming.Cli.Models;

/// <summary><c>streaming models promote|rollback|pin|gc</c>, and the registry half of <c>list</c>: what a person does with the registry.</summary>
internal static class RegistryCommands
{
    /// <summary>Puts a bundle in force.</summary>
    public static Command Promote(CliContext context)
    {
        var name = new Argument<string>("BUNDLE") { Description = "Name or folder of the bundle" };
        var shadow = new Option<bool>("--shadow") { Description = "Let it compute beside the one in force first, and compare; with --canary both in turn" };
        var canary = new Option<bool>("--canary") { Description = "Let it enrich a share of the documents first" };
        var share = new Option<double?>("--share") { Description = "That share, 0-1; of the batches for --shadow alone", HelpName = "SHARE" };
        var documents = new Option<int>("--documents") { Description = "Documents that end a stage (default: as in a topology, 500)", HelpName = "N" }.Between(1, 1_000_000_000);
        var (data, registry, channel, reason, json) = Options("Why; goes into the event");
        return new Command("promote", "Put a bundle in force on a channel of the registry; those who follow it switch").With(name, shadow, canary, share, documents, registry, channel, reason, data, json)
            .Does(context, async (parsed, cancellationToken) =>
            {
                var plan = Plan(parsed.GetValue(shadow), parsed.GetValue(canary), parsed.GetValue(share), parsed.GetValue(documents));
                var opened = RegistryAccess.Open(context, parsed.GetValue(data), parsed.GetValue(registry));
                var bundle = await opened.AddAsync(ModelBundle.Open(BundleLocator.Find(context, parsed.GetValue(data), parsed.GetValue(name)!)), cancellationToken);
                Report(context, parsed.GetValue(json), await opened.BeginRolloutAsync(parsed.GetValue(channel)!, bundle, plan, Decision(parsed.GetValue(reason), "Promoted by hand."), cancellationToken));
                return ExitCode.Ok;
            });
    }

    /// <summary>Goes back.</summary>
    public static Command RollBack(CliContext context)
    {
        var name = new Argument<string>("NAME") { Description = "Name of the model" };
        var to = new Option<string?>("--to") { Description = "Version, or the beginning of a digest; default: the one before", HelpName = "VERSION" };
        var (data, registry, channel, reason, json) = Options("Why; goes into the event");
        return new Command("rollback", "End the trial of a candidate; where none is tried, put in force again what was before").With(name, to, registry, channel, reason, data, json)
            .Does(context, async (parsed, cancellationToken) =>
            {
                var opened = RegistryAccess.Open(context, parsed.GetValue(data), parsed.GetValue(registry));
                Report(context, parsed.GetValue(json), await opened.RollBackAsync(
                    parsed.GetValue(name)!, parsed.GetValue(channel)!, parsed.GetValue(to), Decision(parsed.GetValue(reason), "Rolled back by hand."), cancellationToken));
                return ExitCode.Ok;
            });
    }

    /// <summary>Holds, or lets go.</summary>
    public static Command Pin(CliContext context)
    {
        var name = new Argument<string>("NAME") { Description = "Name of the model" };
        var off = new Option<bool>("--off") { Description = "Let it go again" };
        var (data, registry, channel, reason, json) = Options("Why; goes into the event");
        return new Command("pin", "Hold a channel at what is in force: no gate replaces it").With(name, off, registry, channel, reason, data, json)
            .Does(context, async (parsed, cancellationToken) =>
            {
                var opened = RegistryAccess.Open(context, parsed.GetValue(data), parsed.GetValue(registry));
                var pinned = !parsed.GetValue(off);
                Report(context, parsed.GetValue(json), await opened.PinAsync(
                    parsed.GetValue(name)!, parsed.GetValue(channel)!, pinned, Decision(parsed.GetValue(reason), pinned ? "Pinned by hand." : "Let go by hand."), cancellationToken));
                return ExitCode.Ok;
            });
    }

    /// <summary>Deletes what nobody needs.</summary>
    public static Command Collect(CliContext context)
    {
        var keep = new Option<int>("--keep") { Description = "Bundles kept behind the one in force, for rollbacks", HelpName = "N", DefaultValueFactory = static _ => 5 }.Between(0, 1_000);
        var (data, registry, _, _, json) = Options("");
        return new Command("gc", "Delete bundles of the registry that no channel needs").With(keep, registry, data, json)
            .Does(context, async (parsed, cancellationToken) =>
            {
                var opened = RegistryAccess.Open(context, parsed.GetValue(data), parsed.GetValue(registry));
                if (!Directory.Exists(opened.Directory))
                    throw new StreamingException("registry_missing", $"there is no registry at {opened.Directory}; name it with --registry");
                var deleted = await opened.CollectAsync(parsed.GetValue(keep), cancellationToken);
                if (parsed.GetValue(json))
                {
                    JsonText.WriteObject(context.Out, writer =>
                    {
                        writer.WriteStartArray("deleted");
                        foreach (var digest in deleted)
                            writer.WriteStringValue(digest);
                        writer.WriteEndArray();
                    });
                }
                else
                {
                    context.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{deleted.Count} bundles deleted"));
                }

                return ExitCode.Ok;
            });
    }

    /// <summary>Lists the channels of a registry with their latest decisions.</summary>
    public static void List(CliContext context, ModelRegistry registry, bool json)
    {
        var channels = registry.AllChannels();
        if (json)
        {
            JsonText.WriteObject(context.Out, writer =>
            {
                writer.WriteString("registry", registry.Directory);
                writer.WriteStartArray("channels");
                foreach (var channel in channels)
                {
                    writer.WriteStartObject();
                    WriteMembers(writer, channel);
                    writer.WritePropertyName("events");
                    writer.WriteStartArray();
                    foreach (var decided in channel.Events)
                        JsonSerializer.Serialize(writer, decided, ContractsJson.Wire.ModelEvent);
                    writer.WriteEndArray();
                    writer.WriteEndObject();
                }

                writer.WriteEndArray();
            });
            return;
        }

        if (channels.Count == 0)
        {
            context.Say($"the registry {registry.Directory} has no channels; promote a bundle with: streaming models promote BUNDLE");
            return;
        }

        foreach (var channel in channels)
        {
            context.Out.WriteLine($"{channel.Name}@{channel.Channel}: {channel.InForce?.Version} ({channel.Current[..12]}){(channel.IsPinned ? ", pinned" : "")}{Trial(channel)}");
            foreach (var decided in channel.Events.TakeLast(10))
                context.Out.WriteLine($"  {decided.Sequence,4} {decided.DecidedAt:yyyy-MM-dd HH:mm:ss} {Word(decided.Kind),-11} {decided.Version,-20} {string.Join(' ', decided.Reasons)}");
        }
    }

    private static (Option<string?> Data, Option<string?> Registry, Option<string> Channel, Option<string?> Reason, Option<bool> Json) Options(string why) => (
        CommonOptions.Data(), RegistryAccess.Option(), RegistryAccess.ChannelOption(),
        new Option<string?>("--reason") { Description = why, HelpName = "TEXT" }, CommonOptions.Json());

    private static ModelDecision Decision(string? reason, string otherwise) => new(ModelDecision.Person, [string.IsNullOrWhiteSpace(reason) ? otherwise : reason]);

    private static RolloutPlan Plan(bool shadow, bool canary, double? share, int documents)
    {
        if (share is <= 0 or > 1)
            throw new StreamingException("usage", string.Create(CultureInfo.InvariantCulture, $"--share takes a number above 0 and up to 1, not {share}"));
        if (!shadow && !canary && (share is not null || documents > 0))
            throw new StreamingException("usage", "--share and --documents belong to --shadow or --canary");
        var plan = new RolloutPlan { Mode = (shadow, canary) switch { (true, true) => RolloutMode.Progressive, (true, false) => RolloutMode.Shadow, (false, true) => RolloutMode.Canary, _ => RolloutMode.Direct } };
        if (share is { } some)
            plan = canary ? plan with { CanaryShare = some } : plan with { ShadowShare = some };
        return documents > 0 ? plan with { ShadowDocuments = documents, CanaryDocuments = documents } : plan;
    }

    private static void Report(CliContext context, bool json, ModelChannel channel)
    {
        if (json)
            JsonText.WriteObject(context.Out, writer => WriteMembers(writer, channel));
        else
            context.Out.WriteLine($"{channel.Name}@{channel.Channel}: {channel.InForce!.Version} is in force ({channel.Current[..12]}){(channel.IsPinned ? ", pinned" : "")}{Trial(channel)}");
    }

    private static string Trial(ModelChannel channel) => channel.Rollout is { } rollout ? $"; {rollout.Version} is being tried ({rollout.Stage.ToName()})" : "";

    private static void WriteMembers(Utf8JsonWriter writer, ModelChannel channel)
    {
        writer.WriteString("name", channel.Name);
        writer.WriteString("channel", channel.Channel);
        writer.WriteString("version", channel.InForce?.Version);
        writer.WriteString("digest", channel.Current);
        writer.WriteBoolean("pinned", channel.IsPinned);
        writer.WriteNumber("sequence", channel.LastSequence);
        if (channel.Rollout is not { } rollout)
            return;
        writer.WriteStartObject("trial");
        writer.WriteString("version", rollout.Version);
        writer.WriteString("digest", rollout.Digest);
        writer.WriteString("stage", rollout.Stage.ToName());
        writer.WriteString("since", rollout.Since);
        writer.WriteEndObject();
    }

    private static string Word(ModelEventKind kind) => kind switch
    {
        ModelEventKind.Promoted => "promoted",
        ModelEventKind.Refused => "refused",
        ModelEventKind.RolledBack => "rolled back",
        ModelEventKind.Pinned => "pinned",
        ModelEventKind.Shadowed => "in shadow",
        ModelEventKind.Canaried => "canary",
        ModelEventKind.Withdrawn => "withdrawn",
        _ => "unpinned",
    };
}
