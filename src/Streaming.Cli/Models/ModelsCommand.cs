using System.CommandLine;
using Streaming.Cli.CommandLine;

namespace Streaming.Cli.Models;

/// <summary><c>streaming models</c>.</summary>
internal static class ModelsCommand
{
    public static Command Create(CliContext context) => new Command("models", "Import, export, list, inspect, compare and promote model bundles").With(
        ImportCommand.Create(context),
        OptimiseCommand.Create(context),
        ListCommand.Create(context),
        ShowCommand.Create(context),
        VerifyCommand.Create(context),
        DiffCommand.Create(context),
        ExportCommand.Create(context),
        RegistryCommands.Promote(context),
        RegistryCommands.RollBack(context),
        RegistryCommands.Pin(context),
        RegistryCommands.Collect(context));
}
