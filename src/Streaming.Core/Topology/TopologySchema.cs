using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Streaming.Core.Topology.Language;

namespace Streaming.Core.Topology;

/// <summary>The JSON Schemas (draft 2020-12) of the topology language, made from the same description that the loader holds files against.</summary>
public static class TopologySchema
{
    /// <summary>Content of <c>schemas/topology.v1.json</c>.</summary>
    public static string Topology() => Write(
        TopologyLanguage.Root,
        "topology.v1.json",
        "Streaming topology",
        "What to read, what to find in it, and where to put it. See `streaming topology explain`.");

    /// <summary>Content of <c>schemas/topology-tests.v1.json</c>.</summary>
    public static string Tests() => Write(
        TestLanguage.Root,
        "topology-tests.v1.json",
        "Tests of a Streaming topology",
        "Messages in, fields expected out. Run by `streaming topology test`.");

    private static string Write(MapType root, string name, string title, string summary)
    {
        var document = new JsonObject
        {
            ["$schema"] = "https://json-schema.org/draft/2020-12/schema",
            ["$id"] = name,
            ["title"] = title,
            ["description"] = summary,
        };
        foreach (var (key, value) in JsonSchemaWriter.Map(root))
        {
            document[key] = value?.DeepClone();
        }

        document["$defs"] = new JsonObject { ["variable"] = JsonSchemaWriter.Variable() };
        var options = new JsonSerializerOptions { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
        return document.ToJsonString(options).ReplaceLineEndings("\n") + "\n";
    }
}
