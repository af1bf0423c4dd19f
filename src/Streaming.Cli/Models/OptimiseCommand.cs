using System.CommandLine;
using Streaming.Adapters.Onnx.Bert;
using Streaming.Adapters.Onnx.Import;
using Streaming.Adapters.Onnx.Running;
using Streaming.Cli.Benchmarks;
using Streaming.Cli.CommandLine;
using Streaming.Cli.Learning;
using Streaming.Core;
using Streaming.Core.Models.Bundle;
using Streaming.Learning.Evaluating;
using Streaming.Learning.Recipes;

namespace Streaming.Cli.Models;

/// <summary><c>streaming models optimise BUNDLE|DIR</c>: every form of an encoder measured on this machine, and what each costs in quality.</summary>
internal static class OptimiseCommand
{
    private static readonly string[] Tasks = ["ner", "topic", "sentiment", "absa", "aspect_category"];

    public static Command Create(CliContext context)
    {
        var target = new Argument<string>("BUNDLE|DIR") { Description = "Bundle, or a Hugging Face folder to look at before it is imported" };
        var checkpoint = new Option<string?>("--checkpoint") { Description = "Hugging Face folder that the bundle's encoder was made of; a bundle no longer has its weights", HelpName = "DIR" };
        var forms = new Option<string?>("--forms") { Description = "Which forms; default: all, fp16 only where there is a GPU" }.ListAmong([.. EncoderForms.Names]);
        var dev = new Option<string?>("--dev") { Description = "Annotated file, or a recipe whose dev part is taken: what does each form cost there?", HelpName = "FILE" };
        var dataRoot = new Option<string?>("--data-root") { Description = "Folder of a recipe's data sets", HelpName = "DIR" };
        var task = new Option<string?>("--task") { Description = "Head that --dev is for; a recipe with one head tells it" }.Among(Tasks);
        var columns = new EvaluationColumns();
        var input = BenchCommand.Input();
        var device = new Option<string>("--device") { Description = "Where it runs: cpu, cuda or cuda:N", HelpName = "DEVICE", DefaultValueFactory = static _ => "cpu" };
        var threads = BenchCommand.Threads();
        var texts = new Option<int>("--texts") { Description = "How many texts of the input are run", DefaultValueFactory = static _ => 200 }.Between(1, 1_000_000);
        var rounds = new Option<int>("--rounds") { Description = "Measured rounds, the forms taking turns; the fastest counts", DefaultValueFactory = static _ => 3 }.Between(1, 1000);
        var write = new Option<string?>("--write") { Description = "Write the bundle anew with its encoder in this form" }.Among([.. EncoderForms.Names]);
        var version = new Option<string?>("--version") { Description = "Version of what is written; default: the old one and the form", HelpName = "V" };
        var output = new Option<string?>("--output") { Description = "Folder of what is written; default: models/NAME-FORM in the data folder", HelpName = "DIR" };
        var force = new Option<bool>("--force") { Description = "Replace a bundle that is there" };
        var data = CommonOptions.Data();
        var json = CommonOptions.Json();
        return new Command("optimise", "Measure an encoder in every form on this machine: speed, size, and quality on a dev set")
            .With(target, checkpoint, forms, dev, dataRoot, task).With([.. columns.All]).With(input, texts, device, threads, rounds, write, version, output, force, data, json)
            .Does(context, async (parsed, cancellationToken) =>
            {
                var chosen = parsed.GetValue(write);
                var request = parsed.GetValue(dev) is { } recipe && Path.GetExtension(recipe) is ".yaml" or ".yml"
                    ? OfRecipe(context, recipe, parsed.GetValue(task), parsed.GetValue(dataRoot))
                    : Request(parsed, parsed.GetValue(dev), parsed.GetValue(task), columns);
                using var progress = new ProgressLine(context);
                var name = parsed.GetValue(target)!;
                using var source = await EncoderSource.OpenAsync(context, parsed.GetValue(data), name, EncoderPrecision.Fp32, ImportCommand.Show(progress), cancellationToken);
                var weights = EncoderSource.Checkpoint(parsed.GetValue(checkpoint) ?? name);
                var trial = new EncoderTrial(source.Bundle, [.. BenchInput.Texts(BenchInput.Find(context, parsed.GetValue(input))).Take(parsed.GetValue(texts))], context.Time)
                {
                    Device = parsed.GetValue(device)!,
                    Threads = BenchCommand.ThreadCount(parsed.GetValue(threads)),
                    Rounds = parsed.GetValue(rounds),
                    Dev = request,
                };
                var wanted = Choice.Words(parsed.GetValue(forms)) ?? Standard();
                var written = EncoderForms.Write(weights, Ordered(wanted, chosen), source.Bundle.Manifest.Encoder.Layers, ImportCommand.Show(progress), cancellationToken);
                var results = await trial.MeasureAsync(written, (step, share) => progress.Report(step, share, 1), cancellationToken);
                ModelBundle? bundle = null;
                if (chosen is not null)
                {
                    var form = written.First(form => form.Name == chosen);
                    var folder = parsed.GetValue(output) is { } told ? Path.GetFullPath(told) : ImportCommand.OutputFolder(context, parsed.GetValue(data), $"{source.Bundle.Manifest.Name}-{chosen}");
                    ImportCommand.RefuseExisting(folder, parsed.GetValue(force));
                    bundle = EncoderTrial.WriteBundle(source.Bundle, form, folder, parsed.GetValue(version) ?? $"{source.Bundle.Manifest.Version}-{chosen}", parsed.GetValue(force));
                }

                progress.Dispose();
                if (parsed.GetValue(json))
                    TrialText.WriteJson(context.Out, source.Bundle, results, bundle);
                else
                    TrialText.Write(context.Out, source.Bundle, results, request, bundle);
                return ExitCode.Ok;
            });
    }

    // What quality is lost against comes first.
    private static List<string> Ordered(IReadOnlyList<string> wanted, string? chosen) =>
        [.. EncoderForms.Names.Where(name => name == "fp32" || name == chosen || wanted.Contains(name))];

    private static List<string> Standard() =>
        [.. EncoderForms.Names.Where(static name => name != "fp16" || OnnxRuntimeInfo.Read().Providers.Contains("CUDAExecutionProvider"))];

    private static EvaluationRequest OfRecipe(CliContext context, string file, string? task, string? dataRoot)
    {
        var heads = RecipeLoader.Load(file).Heads;
        var head = task is null && heads.Count == 1 ? heads[0]
            : heads.FirstOrDefault(head => head.Task == TaskOf(task))
            ?? throw new StreamingException("head_not_found", $"the recipe '{file}' has no head for {task}; it has {string.Join(", ", heads.Select(static head => BundleText.TaskName(head.Task)).Distinct())}");
        return new EvaluationRequest
        {
            Task = head.Task,
            File = file,
            Format = head.Dev[0].Format,
            Sources = head.Dev,
            Root = DataRoot.Find(context, dataRoot),
            RawText = false,
        };
    }

    private static HeadTask TaskOf(string? task) => Enum.Parse<HeadTask>(
        task?.Replace("_", "", StringComparison.Ordinal) ?? throw new StreamingException("usage", $"--dev needs --task: one of {string.Join(", ", Tasks)}"), ignoreCase: true);

    private static EvaluationRequest? Request(ParseResult parsed, string? file, string? task, EvaluationColumns columns)
    {
        if (file is null)
            return null;
        return new EvaluationRequest
        {
            Task = TaskOf(task),
            File = file,
            Format = columns.Data.Format(parsed, file),
            Read = columns.Data.Read(parsed),
            Mapping = columns.Mapping(parsed),
            LabelNames = columns.Data.LabelNamesFile(parsed),
            Groups = columns.Groups(parsed),
            Types = columns.Types(parsed),
            RawText = false,
        };
    }
}
