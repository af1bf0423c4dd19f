using System.Globalization;
using System.Text.Json;
using Streaming.Core.Models.Bundle;

namespace Streaming.Cli.Models;

/// <summary>Bundles in words and in JSON.</summary>
internal static class BundleText
{
    /// <summary><c>name@version</c>.</summary>
    public static string NameOf(ModelManifest manifest) => $"{manifest.Name}@{manifest.Version}";

    /// <summary>Size of all files, for people.</summary>
    public static string Size(ModelManifest manifest) =>
        string.Create(CultureInfo.InvariantCulture, $"{manifest.Files.Values.Sum(static file => file.Size) / 1e6:F1} MB");

    /// <summary>A task as commands name it.</summary>
    public static string TaskName(HeadTask task) => JsonNamingPolicy.SnakeCaseLower.ConvertName(task.ToString());

    /// <summary>The heads' names, or what stands for none.</summary>
    public static string Heads(ModelManifest manifest) =>
        manifest.Heads.Count == 0 ? "no heads" : string.Join(", ", manifest.Heads.Select(static head => head.Name));

    /// <summary>The few members that lists and results share.</summary>
    public static void WriteMembers(Utf8JsonWriter writer, string folder, ModelManifest manifest, string? digest)
    {
        writer.WriteString("name", manifest.Name);
        writer.WriteString("version", manifest.Version);
        writer.WriteString("directory", folder);
        if (digest is not null)
            writer.WriteString("digest", digest);
        writer.WriteString("precision", manifest.Encoder.Precision);
        writer.WriteNumber("bytes", manifest.Files.Values.Sum(static file => file.Size));
        writer.WriteString("licence", manifest.Licence);
        writer.WriteStartArray("heads");
        foreach (var head in manifest.Heads)
            writer.WriteStringValue(head.Name);
        writer.WriteEndArray();
    }
}
