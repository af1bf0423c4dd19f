using System.CommandLine;
using Streaming.Cli.Benchmarks;
using Streaming.Cli.CommandLine;
using Streaming.Cli.Data;
using Streaming.Cli.DeadLetters;
using Streaming.Cli.Demo;
using Streaming.Cli.Doctor;
using Streaming.Cli.Ingest;
using Streaming.Cli.Interacting;
using Streaming.Cli.Labelling;
using Streaming.Cli.Learning;
using Streaming.Cli.Provenance;
using Streaming.Cli.Models;
using Streaming.Cli.Predicting;
using Streaming.Cli.Retraining;
using Streaming.Cli.Running;
using Streaming.Cli.Samples;
using Streaming.Cli.Searching;
using Streaming.Cli.Soak;
using Streaming.Cli.Status;
using Streaming.Cli.Tokenizing;
using Streaming.Cli.Topics;
using Streaming.Cli.Topologies;
using Streaming.Core;

namespace Streaming.Cli;

/// <summary>The <c>streaming</c> command.</summary>
internal static class Program
{
    public static async Task<int> Main(string[] arguments)
    {
        Composition.NativeHeap.ShareOne();
        var context = CliContext.OfProcess();
        var root = Build(context);
        var parsed = root.Parse(arguments);
        if (parsed.Errors.Count > 0)
        {
            // The first says a command is missing whenever the second says that it knows none of that name.
            context.Fail(new StreamingException("usage", parsed.Errors[^1].Message));
            context.Say($"'streaming {string.Join(' ', PathOf(parsed))}--help' shows what it takes");
            return (int)ExitCode.Usage;
        }

        // Commands stop by themselves when asked to: a pipeline drains first.
        var configuration = new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = TimeSpan.FromSeconds(60) };
        return await parsed.InvokeAsync(configuration);
    }

    /// <summary>All commands.</summary>
    internal static RootCommand Build(CliContext context)
    {
        var root = new RootCommand("Streaming: texts in, enriched and searchable documents out.");
        root.With(
            DemoCommand.Create(context),
            RunCommand.Create(context),
            IngestCommand.Create(context),
            SearchCommand.Create(context),
            PredictCommand.Create(context),
            InteractCommand.Create(context),
            TokenizeCommand.Create(context),
            StatusCommand.Create(context),
            DeadLettersCommand.Create(context),
            LabelCommand.Create(context),
            SamplesCommand.Create(context),
            TopologyCommand.Create(context),
            TopicsCommand.Create(context),
            LagCommand.Create(context),
            ModelsCommand.Create(context),
            TrainCommand.Create(context),
            FewShotCommand.Create(context),
            RetrainCommand.Create(context),
            LineageCommand.Create(context),
            ReenrichCommand.Create(context),
            EvaluateCommand.Create(context),
            DataCommand.Create(context),
            BenchCommand.Create(context),
            SoakCommand.Create(context),
            DoctorCommand.Create(context));
        return root;
    }

    private static IEnumerable<string> PathOf(ParseResult parsed)
    {
        var path = new Stack<string>();
        for (var at = parsed.CommandResult; at?.Parent is not null; at = at.Parent as System.CommandLine.Parsing.CommandResult)
            path.Push(at.Command.Name + " ");
        return path.Select(static name => name.Trim()).Append("");
    }
}
