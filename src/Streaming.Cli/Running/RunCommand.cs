using System.CommandLine;
using Streaming.Cli.CommandLine;
using Streaming.Core;

namespace Streaming.Cli.Running;

/// <summary><c>streaming run TOPOLOGY</c>.</summary>
internal static class RunCommand
{
    public static Command Create(CliContext context) =>
        new Command("run", "Run a topology until it is told to stop").Does(context, (_, _) => Task.FromResult(ExitCode.Ok));
}
