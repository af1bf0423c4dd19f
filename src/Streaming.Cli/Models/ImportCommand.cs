using System.CommandLine;
using System.Globalization;
using Streaming.Adapters.Onnx.Bert;
using Streaming.Adapters.Onnx.Import;
using Streaming.Cli.CommandLine;
using Streaming.Cli.Composition;
using Streaming.Core;
using Streaming.Core.Models.Bundle;

namespace Streaming.Cli.Models;

/// <summary><c>streaming models import DIR --name N</c>: a Hugging Face folder of the BERT family becomes a bundle; an exported file becomes the bundle it was.</summary>
internal static class ImportCommand
{
    public static Command Create(CliContext context)
    {
        var folder = new Argument<string>("DIR|FILE.tar") { Description = "Bundle that was exported, or Hugging Face folder: config.json, model.safetensors (or its index and shards), tokenizer.json, vocab.txt, vocab.json with merges.txt, or a .model" };
        var name = new Option<string?>("--name") { Description = "Name of the bundle; an exported one has its own", HelpName = "NAME" };
        var version = new Option<string>("--version") { Description = "Version of the bundle", HelpName = "V", DefaultValueFactory = static _ => "1" };
        var digest = new Option<string?>("--digest") { Description = "Of an exported bundle: the digest it must have", HelpName = "SHA256" };
        var precision = PrecisionOption();
        var layers = new Option<string?>("--layers") { Description = "Layers to give out, e.g. 3,4,5,6; 0 is the embeddings; default: all", HelpName = "N,N" };
        var licence = new Option<string?>("--licence") { Description = "SPDX expression; default: what the folder's README.md says", HelpName = "SPDX" };
        var output = new Option<string?>("--output") { Description = "Folder the bundle will be; default: models/NAME in the data folder", HelpName = "DIR" };
        var force = new Option<bool>("--force") { Description = "Replace a bundle that is there" };
        var data = CommonOptions.Data();
        var json = CommonOptions.Json();
        return new Command("import", "Make a bundle of a Hugging Face folder: BERT, MiniLM, DistilBERT, RoBERTa, XLM-RoBERTa, ELECTRA, DeBERTa-v3").With(folder, name, version, precision, layers, licence, digest, output, force, data, json)
            .Does(context, async (parsed, cancellationToken) =>
            {
                var given = parsed.GetValue(folder)!;
                var called = parsed.GetValue(name);
                var told = parsed.GetValue(output) is { } path ? Path.GetFullPath(path) : null;
                if (ExportCommand.IsArchive(given))
                {
                    if (called is not null)
                        throw new StreamingException("usage", "an exported bundle keeps its name; leave --name out, and say with --output where it shall lie");
                    Report(context, parsed.GetValue(json), Unpack(given, told, Path.Combine(DataFolder.Resolve(context, parsed.GetValue(data)), "models"), parsed.GetValue(force), parsed.GetValue(digest)));
                    return ExitCode.Ok;
                }

                if (called is null)
                    throw new StreamingException("usage", "--name is needed: what the bundle shall be called");
                var target = told ?? OutputFolder(context, parsed.GetValue(data), called);
                RefuseExisting(target, parsed.GetValue(force));
                using var progress = new ProgressLine(context);
                var bundle = await EncoderImporter.ImportAsync(
                    new EncoderImportOptions
                    {
                        Directory = given,
                        Name = called,
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
                Report(context, parsed.GetValue(json), bundle);
                return ExitCode.Ok;
            });
    }

    private static ModelBundle Unpack(string file, string? target, string root, bool force, string? digest)
    {
        using var input = File.OpenRead(file);
        return ModelArchive.Read(input, target, root, force, digest);
    }

    private static void Report(CliContext context, bool json, ModelBundle bundle)
    {
        if (json)
            JsonText.WriteObject(context.Out, writer => BundleText.WriteMembers(writer, bundle.Directory, bundle.Manifest, bundle.Digest));
        else
            context.Out.WriteLine($"{BundleText.NameOf(bundle.Manifest)}  {bundle.Manifest.Encoder.Precision}  {BundleText.Size(bundle.Manifest)}  {bundle.Directory}");
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
