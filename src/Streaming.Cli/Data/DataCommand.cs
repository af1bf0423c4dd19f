using System.CommandLine;
using Streaming.Cli.CommandLine;

namespace Streaming.Cli.Data;

/// <summary><c>streaming data</c>.</summary>
internal static class DataCommand
{
    public static Command Create(CliContext context) => new Command("data", "Check, count, convert and split annotated data").With(
        LintCommand.Create(context),
        StatsCommand.Create(context),
        ConvertCommand.Create(context),
        SplitCommand.Create(context));
}
