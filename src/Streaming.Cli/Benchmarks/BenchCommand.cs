using System.CommandLine;
using Streaming.Cli.CommandLine;

namespace Streaming.Cli.Benchmarks;

/// <summary><c>streaming bench</c>.</summary>
internal static class BenchCommand
{
    public static Command Create(CliContext context) => new Command("bench", "Measure this machine: tokeniser, encoder, engine, all together, training, blending, swaps, or re-enrichment").With(
        BenchTokenizerCommand.Create(context),
        BenchEncoderCommand.Create(context),
        BenchEngineCommand.Create(context),
        BenchPipelineCommand.Create(context),
        BenchScaleCommand.Create(context),
        BenchTrainingCommand.Create(context),
        BenchBlendingCommand.Create(context),
        BenchSwapsCommand.Create(context),
        BenchSelectionCommand.Create(context),
        BenchReenrichmentCommand.Create(context));

    /// <summary><c>--input FILE</c>.</summary>
    public static Option<string?> Input() => new("--input") { Description = "Messages, one a line: JSON objects with 'text', or plain text; default: the shipped sample", HelpName = "FILE" };

    /// <summary><c>--threads N</c>, 0 for one a core.</summary>
    public static Option<int> Threads() => CommonOptions.Threads().Between(0, 256);

    /// <summary>Number of threads meant.</summary>
    public static int ThreadCount(int told) => told == 0 ? Environment.ProcessorCount : told;
}
