namespace Streaming.Core.Topology.Rendering;

/// <summary>Shows what <c>streaming topology explain</c> has to say: what will run, and where every setting came from.</summary>
public static class ExplainRenderer
{
    /// <summary>For people.</summary>
    public static void WriteText(TextWriter output, CompiledTopology topology)
    {
        var definition = topology.Definition;
        output.WriteLine(definition.Description is null ? definition.Name : $"{definition.Name}: {definition.Description}");
        output.WriteLine();
        output.WriteLine($"  reads   {string.Join(", ", definition.Source.Topics)} from {(definition.Source.UsesKafka ? "Kafka" : "the embedded log")} as group {definition.Source.Group}");
        output.WriteLine($"  model   {definition.Model.Bundle}");
        output.WriteLine($"  writes  {definition.Sink.Index} in {(definition.Sink.UsesElasticsearch ? "Elasticsearch" : "the embedded index")}; what cannot be enriched goes to {definition.DeadLetters.Topic}");
        output.WriteLine();
        output.WriteLine("chain");
        var width = definition.Chain.Max(s => s.Stage.Length);
        var flows = definition.Chain.Select(s => $"{s.In} → {s.Out}").ToList();
        var flowWidth = flows.Max(f => f.Length);
        for (var i = 0; i < definition.Chain.Count; i++)
        {
            var stage = definition.Chain[i];
            output.WriteLine($"  {stage.Stage.PadRight(width)}  {flows[i].PadRight(flowWidth)}  {StageRegistry.Find(stage.Stage)!.Summary}");
        }

        output.WriteLine();
        output.WriteLine("settings");
        var pathWidth = topology.Settings.Max(s => s.Path.Length);
        var values = topology.Settings.Select(s => Shorten(s.Value ?? "–")).ToList();
        var valueWidth = Math.Min(40, values.Max(v => v.Length));
        for (var i = 0; i < topology.Settings.Count; i++)
        {
            var setting = topology.Settings[i];
            output.WriteLine($"  {setting.Path.PadRight(pathWidth)}  {values[i].PadRight(valueWidth)}  {Origin(setting)}");
        }
    }

    /// <summary>
    /// An object: <c>name</c>, <c>description</c>, <c>files</c>, <c>source</c>, <c>sink</c>, <c>chain[] {stage, in, out, summary}</c>,
    /// <c>settings[] {path, value, origin, file, line, column, variables, summary}</c>.
    /// </summary>
    public static void WriteJson(TextWriter output, CompiledTopology topology) => JsonText.Write(output, json =>
    {
        var definition = topology.Definition;
        json.WriteStartObject();
        json.WriteString("name", definition.Name);
        json.WriteString("description", definition.Description);
        json.WriteStartArray("files");
        foreach (var file in topology.Files)
        {
            json.WriteStringValue(file);
        }

        json.WriteEndArray();
        json.WriteString("source", definition.Source.UsesKafka ? "kafka" : "log");
        json.WriteString("sink", definition.Sink.UsesElasticsearch ? "elasticsearch" : "index");
        json.WriteStartArray("chain");
        foreach (var stage in definition.Chain)
        {
            json.WriteStartObject();
            json.WriteString("stage", stage.Stage);
            json.WriteString("in", stage.In);
            json.WriteString("out", stage.Out);
            json.WriteString("summary", StageRegistry.Find(stage.Stage)!.Summary);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("settings");
        foreach (var setting in topology.Settings)
        {
            json.WriteStartObject();
            json.WriteString("path", setting.Path);
            json.WriteString("value", setting.Value);
            json.WriteString("origin", setting.Origin switch
            {
                SettingOrigin.Default => "default",
                SettingOrigin.Environment => "environment",
                _ => "file",
            });
            if (setting.Position is { } position)
            {
                JsonText.Place(json, position);
            }

            json.WriteStartArray("variables");
            foreach (var variable in setting.Variables)
            {
                json.WriteStringValue(variable);
            }

            json.WriteEndArray();
            json.WriteString("summary", setting.Summary);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    });

    private static string Origin(EffectiveSetting setting)
    {
        var place = setting.Position is { } position ? position.ToString() : "default";
        if (setting.Origin == SettingOrigin.Default && setting.Position is not null)
        {
            place = $"default, {place} is empty";
        }

        return setting.Variables.Count == 0 ? place : $"{place}, with {string.Join(", ", setting.Variables)}";
    }

    // One line each, whatever is in the value.
    private static string Shorten(string value)
    {
        var shown = Quoting.Quote(value);
        return shown[1..^1];
    }
}
