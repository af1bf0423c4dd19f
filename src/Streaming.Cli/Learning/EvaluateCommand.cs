using System.CommandLine;
using System.Text.Json;
using Streaming.Adapters.Onnx.Running;
using Streaming.Cli.CommandLine;
using Streaming.Cli.Composition;
using Streaming.Core;
using Streaming.Core.Models.Bundle;
using Streaming.Learning.Evaluating;

namespace Streaming.Cli.Learning;

/// <summary><c>streaming evaluate --task T --data FILE</c>.</summary>
internal static class EvaluateCommand
{
    private static readonly string[] Tasks = ["ner", "topic", "sentiment", "absa", "aspect_category"];

    public static Command Create(CliContext context)
    {
        var bundle = CommonOptions.Bundle();
        var task = new Option<string?>("--task") { Description = "Which head" }.Among(Tasks);
        var file = new Option<string>("--data") { Description = "Annotated file; .gz is unpacked", HelpName = "FILE", Required = true };
        var columns = new EvaluationColumns();
        var rawText = new Option<bool>("--raw-text") { Description = "Where the file gives words: also measure the sentences as running text, words found as in serving" };
        var against = new Option<string?>("--against") { Description = "Baseline bundle, measured on the same samples: is the difference significant?", HelpName = "BUNDLE" };
        var page = new Option<string?>("--report") { Description = "Also write a page: tables, reliability, confusion, the surest errors in their text", HelpName = "FILE.html" };
        var threads = CommonOptions.Threads().Between(0, 256);
        var json = CommonOptions.Json();
        return new Command("evaluate", "Measure a head of a bundle on annotated data; spans are counted as seqeval counts").With(bundle, task, file)
            .With([.. columns.All]).With(rawText, against, page, threads, json)
            .Does(context, async (parsed, cancellationToken) =>
            {
                var request = new EvaluationRequest
                {
                    Task = Enum.Parse<HeadTask>(parsed.GetValue(task)?.Replace("_", "", StringComparison.Ordinal) ?? throw new StreamingException("usage", $"--task is needed: one of {string.Join(", ", Tasks)}"), ignoreCase: true),
                    File = parsed.GetValue(file)!,
                    Format = columns.Data.Format(parsed, parsed.GetValue(file)!),
                    Read = columns.Data.Read(parsed),
                    Mapping = columns.Mapping(parsed),
                    LabelNames = columns.Data.LabelNamesFile(parsed),
                    Groups = columns.Groups(parsed),
                    Types = columns.Types(parsed),
                    RawText = parsed.GetValue(rawText),
                };
                var concurrent = parsed.GetValue(threads) is > 0 and var count ? count : Environment.ProcessorCount;
                var report = await MeasureAsync(context, parsed.GetValue(bundle)!, request, concurrent, cancellationToken);
                if (parsed.GetValue(against) is { } baseline)
                    report = report with { Against = EvaluationComparison.Of(report, await MeasureAsync(context, baseline, request, concurrent, cancellationToken), request.Seed) };
                if (parsed.GetValue(page) is { } path)
                {
                    await using var file = new StreamWriter(path);
                    EvaluationPage.Write(file, report);
                }

                if (parsed.GetValue(json))
                    context.Out.WriteLine(JsonSerializer.Serialize(report, EvaluationJson.Default.EvaluationReport));
                else
                    EvaluationText.Write(context.Out, report);
                return ExitCode.Ok;
            });
    }

    private static async Task<EvaluationReport> MeasureAsync(CliContext context, string bundle, EvaluationRequest request, int concurrent, CancellationToken cancellationToken)
    {
        var opened = ModelBundle.Open(BundleLocator.Find(context, null, bundle));
        var head = opened.Manifest.Heads.FirstOrDefault(head => head.Task == request.Task);
        await using var runner = OnnxModelRunner.Open(opened, new OnnxRunnerOptions
        {
            Layers = head is null ? null : [.. head.Layers.Order()],
            MaxConcurrent = concurrent,
        });
        using var progress = new ProgressLine(context);
        return await new Evaluation(opened, runner).RunAsync(
            request, new InlineProgress<int>(done => progress.Report($"evaluating {opened.Manifest.Name}", done, 0, $"{done} texts")), cancellationToken);
    }
}
