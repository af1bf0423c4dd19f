namespace Streaming.Architecture.Tests;

/// <summary>The rooms of the product and what each may know. This is the rule; the tests hold projects and assemblies against it.</summary>
internal static class Rooms
{
    public const string AdapterPrefix = "Streaming.Adapters.";

    /// <summary>The rooms below a room, nearest last. Adapters may use what lies under them, never one another.</summary>
    private static readonly string[] Spine = ["Streaming.Contracts", "Streaming.Core", "Streaming.Text", "Streaming.Learning"];

    /// <summary>The composition root: the one room that sees adapters.</summary>
    public const string Host = "Streaming.Cli";

    /// <summary>What comes from outside → the rooms that may touch it. A name ends with a dot when it stands for all that begin with it.</summary>
    public static IReadOnlyDictionary<string, string[]> Vendors { get; } = new Dictionary<string, string[]>
    {
        ["Confluent."] = ["Streaming.Adapters.Kafka"],
        ["Akka"] = ["Streaming.Adapters.AkkaStreams"],
        ["Microsoft.ML.OnnxRuntime"] = ["Streaming.Adapters.Onnx"],
        ["OpenAI"] = ["Streaming.Adapters.Llm"],
        ["System.ClientModel"] = ["Streaming.Adapters.Llm"],
        ["TorchSharp"] = ["Streaming.Adapters.Torch"],
        ["Microsoft.Data.Sqlite"] = ["Streaming.Adapters.Sqlite"],
        ["SQLitePCLRaw."] = ["Streaming.Adapters.Sqlite"],
        ["YamlDotNet"] = ["Streaming.Core", "Streaming.Learning"],
        ["CsvHelper"] = ["Streaming.Learning", "Streaming.Cli"],
        ["Microsoft.AspNetCore."] = ["Streaming.Server", Host],
        ["System.CommandLine"] = [Host],
        ["Spectre."] = [Host],
        ["OpenTelemetry"] = ["Streaming.Server", Host],
    };

    /// <summary>True when one room may refer to another.</summary>
    public static bool MayKnow(string room, string other)
    {
        if (room == Host)
            return true;
        if (room == "Streaming.Server")
            return Spine.Contains(other);
        if (room.StartsWith(AdapterPrefix, StringComparison.Ordinal))
            return Spine.Contains(other) || (room == "Streaming.Adapters.Onnx" && other == "OnnxRuntime.FromSource");
        var place = Array.IndexOf(Spine, room);
        return place >= 0 && Array.IndexOf(Spine, other) is >= 0 and var below && below < place;
    }

    /// <summary>The rooms that may touch an outside name, or null when anybody may.</summary>
    public static string[]? WhoMayTouch(string outside) => Vendors
        .Where(v => v.Key.EndsWith('.')
            ? outside.StartsWith(v.Key, StringComparison.Ordinal)
            : outside == v.Key || outside.StartsWith(v.Key + ".", StringComparison.Ordinal))
        .Select(v => v.Value)
        .FirstOrDefault();
}
