using System.Text;
using System.Text.Json;
using Streaming.Contracts;
using Streaming.Core.Topology.Language;
using Streaming.Core.Topology.Yaml;

namespace Streaming.Core.Topology.Testing;

/// <summary>Loads <c>x.tests.yaml</c>, as strictly as topologies.</summary>
public static class TopologyTestLoader
{
    /// <summary>Loads a file.</summary>
    public static TopologyTestSuite Load(string path)
    {
        var diagnostics = new DiagnosticBag();
        return Read(new ConfigFileReader(diagnostics).ReadFile(path), diagnostics);
    }

    /// <summary>Loads a text.</summary>
    public static TopologyTestSuite LoadText(string text, string name)
    {
        var diagnostics = new DiagnosticBag();
        return Read(new ConfigFileReader(diagnostics).ReadText(Encoding.UTF8.GetBytes(text), name), diagnostics);
    }

    private static TopologyTestSuite Read(ConfigMapping? tree, DiagnosticBag diagnostics)
    {
        if (tree is null)
        {
            return new TopologyTestSuite([], diagnostics.ToList());
        }

        var root = new SettingsValidator(diagnostics).ReadMap(tree, TestLanguage.Root, string.Empty, tree.Position);
        var cases = root.Maps("tests").Select(map => ReadCase(map, diagnostics)).ToList();
        return new TopologyTestSuite(diagnostics.HasErrors ? [] : cases, diagnostics.ToList());
    }

    private static TopologyTestCase ReadCase(SettingMap map, DiagnosticBag diagnostics)
    {
        var expect = map.Map("expect");
        var verdict = expect.Text("outcome") switch
        {
            "dead_lettered" => TopologyTestVerdict.DeadLettered,
            "filtered" => TopologyTestVerdict.Filtered,
            _ => TopologyTestVerdict.Indexed,
        };
        string[] ofDocuments = ["entities", "topics", "sentiment", "aspects", "language"];
        if (verdict != TopologyTestVerdict.Indexed && ofDocuments.FirstOrDefault(expect.IsSet) is { } pointless)
        {
            diagnostics.Error(TopologyErrorCodes.Conflict, expect.PositionOf(pointless), $"`expect.{pointless}` looks at a document, but `expect.outcome` is `{expect.Text("outcome")}`.", "Keep one of them.");
        }

        if (verdict != TopologyTestVerdict.DeadLettered && expect.IsSet("code"))
        {
            diagnostics.Error(TopologyErrorCodes.Conflict, expect.PositionOf("code"), "`expect.code` looks at a dead letter.", "Write `outcome: dead_lettered` too.");
        }

        return new TopologyTestCase
        {
            Name = map.Text("name") ?? string.Empty,
            Position = map.Position,
            Value = Value(map, diagnostics),
            Verdict = verdict,
            Code = expect.Text("code"),
            Entities = expect.IsSet("entities") ? expect.Texts("entities") : null,
            Topics = expect.IsSet("topics") ? expect.Texts("topics") : null,
            Sentiment = expect.Text("sentiment"),
            Aspects = expect.IsSet("aspects") ? expect.Texts("aspects") : null,
            Language = expect.Text("language"),
        };
    }

    private static byte[] Value(SettingMap map, DiagnosticBag diagnostics)
    {
        if (new[] { "text", "raw", "base64" }.Count(map.IsSet) != 1)
        {
            diagnostics.Error(TopologyErrorCodes.Conflict, map.Position, "a test has exactly one of `text`, `raw` and `base64`.", "Write `text: …` for an ordinary message.");
            return [];
        }

        if (map.IsSet("language") && !map.IsSet("text"))
        {
            diagnostics.Error(TopologyErrorCodes.Conflict, map.PositionOf("language"), "`language` goes with `text` only.", "Write it into the message.");
        }

        if (map.Text("base64") is { } base64)
        {
            var buffer = new byte[base64.Length];
            if (Convert.TryFromBase64String(base64, buffer, out var length))
            {
                return buffer[..length];
            }

            diagnostics.Error(TopologyErrorCodes.InvalidValue, map.PositionOf("base64"), "this is not base64.");
            return [];
        }

        return map.Text("raw") is { } raw
            ? Encoding.UTF8.GetBytes(raw)
            : JsonSerializer.SerializeToUtf8Bytes(
                new TextMessage { Text = map.Text("text") ?? string.Empty, Language = map.Text("language") },
                ContractsJson.Wire.TextMessage);
    }
}
