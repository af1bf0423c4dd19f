using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Streaming.Cli.CommandLine;
using Streaming.Cli.Composition;
using Streaming.Core;
using Streaming.Core.Topology;
using Streaming.Learning.Provenance;
using Streaming.Server.Http;

namespace Streaming.Cli.Provenance;

/// <summary><c>streaming lineage DOCUMENT|MODEL</c>: from a document to the bundle, its parents, labels, prompts and costs, and back.</summary>
internal static class LineageCommand
{
    public static Command Create(CliContext context)
    {
        var what = new Argument<string>("what") { Description = "Id of a document, or a bundle as name@version or digest" };
        var file = new Option<string?>("--topology") { Description = "Topology whose index and registry are asked", HelpName = "FILE" };
        var registry = RegistryAccess.Option();
        var data = CommonOptions.Data();
        var json = CommonOptions.Json();
        return new Command("lineage", "Show what made a document or a model, and what it made").With(what, file, registry, data, json)
            .Does(context, async (parsed, cancellationToken) =>
            {
                var topology = parsed.GetValue(file) is { } told ? TopologyFile.Load(context, told).Definition : null;
                await using var store = await DataFolder.OpenExistingStoreAsync(context, parsed.GetValue(data), cancellationToken);
                await using var search = await SearchAccess.OpenAsync(context, parsed.GetValue(data), topology, cancellationToken);
                var reader = new LineageReader(RegistryAccess.Open(context, parsed.GetValue(data), parsed.GetValue(registry) ?? topology?.Model.Registry), store?.Samples);
                var name = parsed.GetValue(what)!;
                if (search.Index is not null && await search.Index.GetAsync(name, cancellationToken) is { } document)
                {
                    var found = await reader.OfDocumentAsync(document, cancellationToken);
                    if (parsed.GetValue(json))
                        context.Out.WriteLine(JsonSerializer.Serialize(found, ServerJson.Wire.DocumentLineage));
                    else
                        Write(context.Out, found);
                    return ExitCode.Ok;
                }

                var model = reader.OfModel(name)
                    ?? throw new StreamingException("lineage_unknown", $"'{name}' is neither a document of the index nor a bundle of the registry (name@version, or the beginning of a digest)");
                if (parsed.GetValue(json))
                    context.Out.WriteLine(JsonSerializer.Serialize(model, ServerJson.Wire.ModelLineage));
                else
                    Write(context.Out, model);
                return ExitCode.Ok;
            });
    }

    private static void Write(TextWriter output, DocumentLineage found)
    {
        output.WriteLine($"document {found.Document}");
        Write(output, found.Bundles);
        foreach (var label in found.Labels)
            output.WriteLine($"  label     {label.Task}, {label.Labeller}, {label.Validity}{(label.Prompt is null ? "" : $", prompt {label.Prompt}")}{(label.ControlSlice ? ", control slice" : "")}");
        foreach (var version in found.Taught)
            output.WriteLine($"  taught    {version}");
    }

    private static void Write(TextWriter output, ModelLineage found)
    {
        Write(output, found.Bundles);
        foreach (var child in found.Children)
            output.WriteLine($"  became    {child}");
        if (found.LearntFrom.Count > 0)
            output.WriteLine($"  learnt from {found.LearntFrom.Count} documents: {string.Join(", ", found.LearntFrom.Take(10))}{(found.LearntFrom.Count > 10 ? ", …" : "")}");
    }

    private static void Write(TextWriter output, IReadOnlyList<BundleGeneration> bundles)
    {
        foreach (var bundle in bundles)
        {
            output.WriteLine($"  made by   {bundle.Name}@{bundle.Version}{(bundle.Digest is null ? "" : $" ({bundle.Digest[..12]})")}");
            if (bundle.Decision is not null)
                output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"    {bundle.Decision} by {bundle.DecidedBy} at {bundle.DecidedAt:yyyy-MM-dd HH:mm:ss}: {string.Join(' ', bundle.Reasons)}"));
            if (bundle.Labels > 0)
                output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"    {bundle.Labels} labels ({string.Join(", ", bundle.Labellers.Select(static pair => $"{pair.Key} {pair.Value}"))}), cost {bundle.Cost:F4}{(bundle.Prompts.Count == 0 ? "" : $", prompts {string.Join(", ", bundle.Prompts.Keys)}")}"));
            if (bundle.FineTuned is not null)
                output.WriteLine($"    encoder   {bundle.FineTuned}");
            if (bundle.Data.Count > 0)
                output.WriteLine($"    data      {string.Join(", ", bundle.Data)}");
        }
    }
}
