using System.CommandLine;
using Streaming.Cli.CommandLine;
using Streaming.Core;
using Streaming.Core.Models.Bundle;
using Streaming.Core.Models.Registry;
using Streaming.Core.Topology;

namespace Streaming.Cli.Composition;

/// <summary>Finds the registry: told, named by the topology, or in the data folder.</summary>
internal static class RegistryAccess
{
    /// <summary><c>--registry DIR</c>.</summary>
    public static Option<string?> Option() => new("--registry") { Description = "Folder of the model registry (default: registry in the data folder)", HelpName = "DIR" };

    /// <summary><c>--channel NAME</c>.</summary>
    public static Option<string> ChannelOption() => new("--channel")
    {
        Description = "Channel of the registry",
        HelpName = "NAME",
        DefaultValueFactory = static _ => ModelChannel.Stable,
    };

    /// <summary>The registry.</summary>
    public static ModelRegistry Open(CliContext context, string? data, string? told) =>
        new(string.IsNullOrEmpty(told) ? Path.Combine(DataFolder.Resolve(context, data), "registry") : told, context.Time);

    /// <summary>The bundle in force for a topology; a channel without any starts with the bundle that the topology names.</summary>
    public static async ValueTask<ModelBundle> InForceAsync(CliContext context, string? data, ModelRegistry registry, ModelSettings model, CancellationToken cancellationToken)
    {
        var named = registry.Channel(NameOf(context, data, model.Bundle), model.Channel!);
        if (named.Current.Length > 0)
            return registry.Open(named.Current);
        var first = await registry.AddAsync(ModelBundle.Open(BundleLocator.Find(context, data, model.Bundle)), cancellationToken);
        await registry.PromoteAsync(model.Channel!, first, new ModelDecision(ModelDecision.Seed, ["The channel was empty, so it starts with the bundle that the topology names."]), cancellationToken);
        return registry.Open(registry.Channel(first.Manifest.Name, model.Channel!).Current);
    }

    // The folder may be gone once its bundle is in the registry; a plain name says enough then.
    private static string NameOf(CliContext context, string? data, string bundle)
    {
        try
        {
            return ModelBundle.Parse(File.ReadAllBytes(Path.Combine(BundleLocator.Find(context, data, bundle), ModelBundle.ManifestName))).Name;
        }
        catch (StreamingException error) when (error.Code == "model_not_found" && !bundle.Contains(Path.DirectorySeparatorChar))
        {
            return bundle.Split('@')[0];
        }
    }
}
