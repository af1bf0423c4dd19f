using System.CommandLine;
using Streaming.Adapters.Onnx.Running;
using Streaming.Cli.CommandLine;
using Streaming.Cli.Composition;
using Streaming.Core;
using Streaming.Core.Models.Bundle;
using Streaming.Text.Analysis;

namespace Streaming.Cli.Models;

/// <summary><c>streaming models verify [BUNDLE…]</c>: digests, heads, tokeniser, and one pass of the encoder.</summary>
internal static class VerifyCommand
{
    public static Command Create(CliContext context)
    {
        var names = new Argument<string[]>("BUNDLE") { Description = "Names, folders or exported files; none: every bundle", Arity = ArgumentArity.ZeroOrMore };
        var data = CommonOptions.Data();
        var json = CommonOptions.Json();
        return new Command("verify", "Check every file of bundles against its digest, and that they load and run").With(names, data, json)
            .Does(context, async (parsed, cancellationToken) =>
            {
                var told = parsed.GetValue(names) ?? [];
                var folders = told.Length > 0
                    ? told.Select(name => ExportCommand.IsArchive(name) ? Path.GetFullPath(name) : BundleLocator.Find(context, parsed.GetValue(data), name)).ToList()
                    : [.. BundleLocator.Roots(context, parsed.GetValue(data)).SelectMany(ListCommand.Folders)];
                var results = new List<(string Folder, StreamingException? Error)>();
                foreach (var folder in folders)
                    results.Add((folder, await CheckAsync(folder, cancellationToken)));
                if (parsed.GetValue(json))
                    WriteJson(context.Out, results);
                else
                    WriteLines(context, results);
                return results.TrueForAll(static result => result.Error is null) ? ExitCode.Ok : ExitCode.CheckFailed;
            });
    }

    private static async Task<StreamingException?> CheckAsync(string folder, CancellationToken cancellationToken)
    {
        DirectoryInfo? scratch = null;
        try
        {
            if (ExportCommand.IsArchive(folder))
            {
                scratch = Directory.CreateTempSubdirectory("streaming-verify-");
                using var input = File.OpenRead(folder);
                folder = ModelArchive.Read(input, Path.Combine(scratch.FullName, "bundle"), scratch.FullName, overwrite: false).Directory;
            }

            var bundle = ModelBundle.Open(folder);
            await using var runner = OnnxModelRunner.Open(bundle, new OnnxRunnerOptions { Device = "cpu" });
            EnrichmentModel.Load(bundle, runner);
            await runner.WarmUpAsync(cancellationToken);
            return null;
        }
        catch (StreamingException error)
        {
            return error;
        }
        finally
        {
            scratch?.Delete(recursive: true);
        }
    }

    private static void WriteLines(CliContext context, List<(string Folder, StreamingException? Error)> results)
    {
        if (results.Count == 0)
            context.Say("there are no model bundles");
        foreach (var (folder, error) in results)
        {
            context.Out.WriteLine(error is null ? $"ok      {folder}" : $"failed  {folder}");
            if (error is not null)
                context.Fail(error);
        }
    }

    private static void WriteJson(TextWriter output, List<(string Folder, StreamingException? Error)> results) =>
        JsonText.WriteObject(output, writer =>
        {
            writer.WriteBoolean("ok", results.TrueForAll(static result => result.Error is null));
            writer.WriteStartArray("bundles");
            foreach (var (folder, error) in results)
            {
                writer.WriteStartObject();
                writer.WriteString("directory", folder);
                writer.WriteBoolean("ok", error is null);
                if (error is not null)
                {
                    writer.WriteString("error", error.Code);
                    writer.WriteString("message", error.Message);
                }

                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        });
}
