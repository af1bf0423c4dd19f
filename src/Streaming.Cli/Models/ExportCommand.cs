using System.CommandLine;
using System.Security.Cryptography;
using Streaming.Cli.CommandLine;
using Streaming.Cli.Composition;
using Streaming.Core;
using Streaming.Core.Models.Bundle;

namespace Streaming.Cli.Models;

/// <summary><c>streaming models export BUNDLE</c>: a bundle as one file; <c>import</c> and <c>verify</c> take it.</summary>
internal static class ExportCommand
{
    public static Command Create(CliContext context)
    {
        var name = new Argument<string>("BUNDLE") { Description = "Name or folder of the bundle" };
        var output = new Option<string?>("--output") { Description = "File to write; default: NAME-VERSION.tar here", HelpName = "FILE.tar" };
        var force = new Option<bool>("--force") { Description = "Replace a file that is there" };
        var data = CommonOptions.Data();
        var json = CommonOptions.Json();
        return new Command("export", "Write a bundle as one file, the same bytes every time; models import and verify take it").With(name, output, force, data, json)
            .Does(context, (parsed, _) =>
            {
                var bundle = ModelBundle.Open(BundleLocator.Find(context, parsed.GetValue(data), parsed.GetValue(name)!));
                var target = Path.GetFullPath(parsed.GetValue(output) ?? $"{bundle.Manifest.Name}-{bundle.Manifest.Version}.tar");
                if (Directory.Exists(target) || (File.Exists(target) && !parsed.GetValue(force)))
                    throw new StreamingException("file_exists", $"'{target}' exists; choose another --output, or replace it with --force");
                var digest = Write(bundle, target);
                if (parsed.GetValue(json))
                {
                    JsonText.WriteObject(context.Out, writer =>
                    {
                        writer.WriteString("file", target);
                        writer.WriteNumber("file_bytes", new FileInfo(target).Length);
                        writer.WriteString("sha256", digest);
                        BundleText.WriteMembers(writer, bundle.Directory, bundle.Manifest, bundle.Digest);
                    });
                }
                else
                {
                    context.Out.WriteLine($"{BundleText.NameOf(bundle.Manifest)}  {target}");
                    context.Out.WriteLine($"  digest of the bundle  {bundle.Digest}");
                    context.Out.WriteLine($"  SHA-256 of the file   {digest}");
                }

                return Task.FromResult(ExitCode.Ok);
            });
    }

    /// <summary>Whether a name is an archive rather than a bundle.</summary>
    public static bool IsArchive(string name) => File.Exists(name) && name.EndsWith(".tar", StringComparison.OrdinalIgnoreCase);

    private static string Write(ModelBundle bundle, string target)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        var part = $"{target}.part-{Guid.NewGuid():n}";
        try
        {
            string digest;
            using (var file = new FileStream(part, FileMode.CreateNew, FileAccess.ReadWrite))
            {
                ModelArchive.Write(bundle, file);
                file.Flush(flushToDisk: true);
                file.Position = 0;
                digest = Convert.ToHexStringLower(SHA256.HashData(file));
            }

            File.Move(part, target, overwrite: true);
            return digest;
        }
        finally
        {
            File.Delete(part);
        }
    }
}
