using System.Text.Json.Nodes;
using Streaming.Testing;

namespace Streaming.Cli.Tests.Models;

/// <summary>The starter under another version: another digest, the same model.</summary>
internal static class StarterCopy
{
    /// <summary>Makes it in a folder.</summary>
    /// <returns>The folder.</returns>
    public static string Make(string folder, string version)
    {
        var starter = Path.Combine(SharedFolder.RepositoryRoot, "models", "starter");
        var manifest = JsonNode.Parse(File.ReadAllText(Path.Combine(starter, "manifest.json")))!;
        manifest["version"] = version;
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "manifest.json"), manifest.ToJsonString());
        foreach (var file in manifest["files"]!.AsObject().Select(static pair => pair.Key))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(folder, file))!);
            File.Copy(Path.Combine(starter, file), Path.Combine(folder, file));
        }

        return folder;
    }
}
