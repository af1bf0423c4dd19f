using System.CommandLine;
using Streaming.Cli.CommandLine;
using Streaming.Cli.Composition;
using Streaming.Core.Topology;

namespace Streaming.Cli.DeadLetters;

/// <summary><c>streaming dead-letters list|show|redrive</c>: messages that were given up, their bytes, and another try.</summary>
internal static class DeadLettersCommand
{
    public static Command Create(CliContext context) =>
        new Command("dead-letters", "Messages that could not be enriched")
            .With(ListCommand.Create(context), ShowCommand.Create(context), RedriveCommand.Create(context));

    /// <summary><c>--topology</c>.</summary>
    public static Option<string?> Topology() => new("--topology")
    {
        Description = "Only of this topology, a name or a file; one that reads from Kafka keeps its dead letters there",
        HelpName = "TOPOLOGY",
    };

    /// <summary>The topology of that file or shipped name; null for any other name, which may still be in the store.</summary>
    public static TopologyDefinition? Find(CliContext context, string? told)
    {
        if (told is null)
            return null;
        if (!TopologyFile.IsName(told) || File.Exists(told))
            return TopologyFile.Load(context, told).Definition;
        return TopologyFile.Shipped(context).Any(file => Path.GetFileNameWithoutExtension(file) == told) ? TopologyFile.Load(context, told).Definition : null;
    }
}
