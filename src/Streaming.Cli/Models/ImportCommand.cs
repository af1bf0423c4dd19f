using System.CommandLine;
using System.Globalization;
using Streaming.Adapters.Onnx.Bert;
using Streaming.Adapters.Onnx.Import;
using Streaming.Cli.CommandLine;
using Streaming.Cli.Composition;
using Streaming.Core;

namespace Streaming.Cli.Models;

/// <summary><c>streaming models import DIR --name N</c>: a Hugging Face folder of the BERT family becomes a bundle.</summary>
internal static class ImportCommand
{
    public static Command Create(CliContext context)
    {
        var folder = new Argument<string>("DIR") { Description = "Hugging Face folder: config.json, model.safetensors (or its index and shards), tokenizer.json, vocab.txt, vocab.json with merges.txt, or a .model" };
        var name = new Option<string>("--name") { Description = "Name of the bundle", HelpName = "NAME", Required = true };
        var version = new Option<string>("--version") { Description = "Version of the bundle", HelpName = "V", DefaultValueFactory = static _ => "1" };
        var precision = PrecisionOption();
        var layers = new Option<string?>("--layers") { Description = "Layers to give out, e.g. 3,4,5,6; 0 is the embeddings; default: all", HelpName = "N,N" };
        var licence = new Option<string?>("--licence") { Description = "SPDX expression; default: what the folder's README.md says", HelpName = "SPDX" };
        var output = new Option<string?>("--output") { Description = "Folder the bundle will be; default: models/NAME in the data folder", HelpName = "DIR" };
        var force = new Option<bool>("--force") { Description = "Replace a bundle that is there" };
        var data = CommonOptions.Data();
        var json = CommonOptions.Json();
        return new Command("import", "Make a bundle of a Hugging Face folder: BERT, MiniLM, DistilBERT, RoBERTa, XLM-RoBERTa, ELECTRA, DeBERTa-v3").With(folder, name, version, precision, layers, licence, output, force, data, json)
            .Does(context, async (parsed, cancellationToken) =>
            {
                var target = parsed.GetValue(output) is { } told ? Path.GetFullPath(told) : OutputFolder(context, parsed.GetValue(data), parsed.GetValue(name)!);
                RefuseExisting(target, parsed.GetValue(force));
                using var progress = new ProgressLine(context);
                var bundle = await EncoderImporter.ImportAsync(
                    new EncoderImportOptions
                    {
                        Directory = parsed.GetValue(folder)!,
                        Name = parsed.GetValue(name)!,
                        Version = parsed.GetValue(version)!,
                        Output = target,
                        Overwrite = parsed.GetValue(force),
                        Precision = ParsePrecision(parsed.GetValue(precision)),
                        Layers = Layers(parsed.GetValue(layers)),
                        Licence = parsed.GetValue(licence),
                    },
                    Show(progress),
                    cancellationToken);
                progress.Dispose();
                if (parsed.GetValue(json))
                    JsonText.WriteObject(context.Out, writer => BundleText.WriteMembers(writer, bundle.Directory, bundle.Manifest, bundle.Digest));
                else
                    context.Out.WriteLine($"{BundleText.NameOf(bundle.Manifest)}  {bundle.Manifest.Encoder.Precision}  {BundleText.Size(bundle.Manifest)}  {bundle.Directory}");
                return ExitCode.Ok;
            });
    }

    /// <summary><c>--precision</c>, for whoever imports.</summary>
    public static Option<string?> PrecisionOption() => new Option<string?>("--precision")
    {
        Description = "Numbers the encoder computes in; int8 is about three times as fast on a CPU, fp16 is for GPUs",
        DefaultValueFactory = static _ => "int8",
    }.Among("int8", "fp32", "fp16", "int8-dynamic");

    /// <summary>Reads what <see cref="PrecisionOption"/> lets through.</summary>
    public static EncoderPrecision ParsePrecision(string? name) =>
        Enum.GetValues<EncoderPrecision>().FirstOrDefault(precision => EncoderImporter.PrecisionName(precision) == name, EncoderPrecision.Int8);

    /// <summary>Passes an import's progress on.</summary>
    public static IProgress<EncoderImportProgress> Show(ProgressLine progress) =>
        new InlineProgress<EncoderImportProgress>(at => progress.Report(at.Step, at.Share, at.Step == "calibrating" ? 1 : 0));

    /// <summary>Where a bundle of that name lies when nobody says where.</summary>
    public static string OutputFolder(CliContext context, string? data, string name)
    {
        if (name.Length == 0 || name != Path.GetFileName(name) || name is "." or "..")
            throw new StreamingException("model_name_invalid", $"'{name}' is no name of a bundle: use lower-case letters, digits, dot, dash and underscore");
        return Path.Combine(DataFolder.Resolve(context, data), "models", name);
    }

    /// <summary>Before long work, not behind it.</summary>
    /// <exception cref="StreamingException"><c>model_exists</c>.</exception>
    public static void RefuseExisting(string folder, bool force)
    {
        if (!force && (File.Exists(folder) || (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any())))
            throw new StreamingException("model_exists", $"'{folder}' exists; choose another --output, or replace it with --force");
    }

    private static List<int>? Layers(string? list)
    {
        if (Choice.Words(list) is not { } words)
            return null;
        var layers = new SortedSet<int>();
        foreach (var word in words)
        {
            if (!int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var layer))
                throw new StreamingException("usage", $"--layers takes numbers from 0, separated by commas, not '{word}'");
            layers.Add(layer);
        }

        return layers.Count > 0 ? [.. layers] : throw new StreamingException("usage", "--layers takes at least one number");
    }
}
