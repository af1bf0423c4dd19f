using System.CommandLine;
using Streaming.Cli.CommandLine;
using Streaming.Cli.Composition;
using Streaming.Core;
using Streaming.Core.Topology;
using Streaming.Core.Topology.Rendering;
using Streaming.Core.Topology.Testing;

namespace Streaming.Cli.Topologies;

/// <summary><c>streaming topology lint|explain|test FILE…</c>.</summary>
internal static class TopologyCommand
{
    public static Command Create(CliContext context) =>
        new Command("topology", "Check, explain and test topology files").With(Lint(context), Explain(context), Test(context));

    private static Command Lint(CliContext context)
    {
        var files = Files("Topology files or names, or - for standard input");
        var json = CommonOptions.Json();
        return new Command("lint", "Say everything that is wrong").With(files, json).Does(context, async (parsed, cancellationToken) =>
        {
            var valid = true;
            foreach (var told in parsed.GetValue(files)!)
            {
                var file = told == "-" ? told : TopologyFile.Find(context, told);
                var result = told == "-" ? await LintInputAsync(context, cancellationToken) : TopologyLoader.Load(file, context.Environment);
                valid &= result.IsValid;
                if (parsed.GetValue(json))
                    LintRenderer.WriteJson(context.Out, file, result);
                else
                    LintRenderer.WriteText(context.Out, file, result);
            }

            return valid ? ExitCode.Ok : ExitCode.CheckFailed;
        });
    }

    private static async Task<TopologyLoadResult> LintInputAsync(CliContext context, CancellationToken cancellationToken)
    {
        // One byte beyond the limit is enough for the loader to refuse it.
        await using var input = context.OpenInput();
        var bytes = new byte[TopologyLimits.MaxFileBytes + 1];
        var length = await input.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellationToken);
        return TopologyLoader.LoadText(bytes.AsSpan(0, length), "-", context.Environment);
    }

    private static Command Explain(CliContext context)
    {
        var files = Files("Topology files or names");
        var json = CommonOptions.Json();
        return new Command("explain", "Show what will run: every setting, its value and where it came from").With(files, json).Does(context, (parsed, _) =>
        {
            foreach (var told in parsed.GetValue(files)!)
            {
                var topology = TopologyFile.Load(context, told);
                if (parsed.GetValue(json))
                    ExplainRenderer.WriteJson(context.Out, topology);
                else
                    ExplainRenderer.WriteText(context.Out, topology);
            }

            return Task.FromResult(ExitCode.Ok);
        });
    }

    private static Command Test(CliContext context)
    {
        var files = Files("Topology files or names; tests lie beside them in x.tests.yaml");
        var data = CommonOptions.Data();
        var json = CommonOptions.Json();
        return new Command("test", "Run a topology's own tests with its model").With(files, data, json).Does(context, async (parsed, cancellationToken) =>
        {
            var passed = true;
            foreach (var told in parsed.GetValue(files)!)
            {
                var topology = TopologyFile.Load(context, told);
                var suite = LoadTests(TopologyTestSuite.PathFor(topology.Files[0]));
                await using var model = ModelAccess.Load(context, parsed.GetValue(data), topology.Definition);
                var trial = new TopologyTrial(topology.Definition, model, context.Time);
                var results = await new TopologyTestRunner(trial.AnalyseAsync).RunAsync(suite, cancellationToken);
                passed &= results.All(static result => result.Passed);
                if (parsed.GetValue(json))
                    TestRenderer.WriteJson(context.Out, results);
                else
                    TestRenderer.WriteText(context.Out, results);
            }

            return passed ? ExitCode.Ok : ExitCode.CheckFailed;
        });
    }

    private static TopologyTestSuite LoadTests(string path)
    {
        if (!File.Exists(path))
            throw new StreamingException("topology_tests_not_found", $"there is no file '{path}' with tests");
        var suite = TopologyTestLoader.Load(path);
        return suite.IsValid
            ? suite
            : throw new StreamingException("invalid_topology_tests", $"the tests cannot run:\n  {string.Join("\n  ", suite.Diagnostics)}");
    }

    private static Argument<string[]> Files(string description) => new("FILE") { Description = description, Arity = ArgumentArity.OneOrMore };
}
