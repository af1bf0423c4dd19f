using System.Globalization;
using System.Text.Json;
using Streaming.Cli.CommandLine;
using Streaming.Contracts;
using Streaming.Core.Labelling;

namespace Streaming.Cli.Samples;

/// <summary>Requests and totals, for people and for programs.</summary>
internal static class SamplesText
{
    private const int Width = 60;

    public static void ShowRequests(TextWriter output, IReadOnlyList<StoredRequest> requests)
    {
        if (requests.Count == 0)
        {
            output.WriteLine("nothing was chosen to be labelled");
            return;
        }

        var rows = new List<IReadOnlyList<string>> { new[] { "priority", "labels", "why", "document", "text" } };
        foreach (var (_, request, samples) in requests)
            rows.Add([Number(request.Priority), samples.ToString(CultureInfo.InvariantCulture), string.Join(", ", request.Reasons.Select(Why)), TerminalText.Line(request.DocumentId), TerminalText.Line(Short(request.Text))]);
        TextTable.Write(output, rows);
    }

    public static void WriteRequests(TextWriter output, IReadOnlyList<StoredRequest> requests) => JsonText.WriteObject(output, json =>
    {
        json.WriteStartArray("requests");
        foreach (var stored in requests)
        {
            json.WriteStartObject();
            json.WriteNumber("sequence", stored.Sequence);
            json.WriteNumber("samples", stored.Samples);
            json.WritePropertyName("request");
            JsonSerializer.Serialize(json, stored.Request, ContractsJson.Wire.LabelRequest);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    });

    public static void ShowStatistics(TextWriter output, SampleStatistics? totals, double spentToday)
    {
        if (totals is null || totals.Requests + totals.Groups.Count == 0)
        {
            output.WriteLine("nothing was chosen to be labelled");
            return;
        }

        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{totals.Requests} requests, {totals.ControlRequests} of them in the control slice, {totals.Unanswered} unanswered; {spentToday:0.####} spent today"));
        output.WriteLine($"why: {Pairs(totals.Reasons)}");
        output.WriteLine($"from: {Pairs(totals.Sources)}");
        if (totals.Groups.Count == 0)
            return;
        var rows = new List<IReadOnlyList<string>> { new[] { "task", "labeller", "prompt", "valid", "control", "abstained", "rejected", "not in text", "cost", "tokens in", "tokens out" } };
        foreach (var group in totals.Groups)
        {
            rows.Add(
            [
                group.Task.ToName(), $"{group.Kind.ToName()}:{TerminalText.Line(group.Labeller)}", group.PromptVersion ?? "", Whole(group.Valid), Whole(group.Valid - group.Trainable),
                Whole(group.Abstained), Whole(group.Rejected), group.Mentions == 0 ? "" : $"{Number(100 * group.HallucinationRate)} %", Number(group.Cost, "0.####"), Whole(group.InputTokens), Whole(group.OutputTokens),
            ]);
        }

        TextTable.Write(output, rows);
    }

    public static void WriteStatistics(TextWriter output, SampleStatistics? totals, double spentToday) => JsonText.WriteObject(output, json =>
    {
        json.WriteNumber("requests", totals?.Requests ?? 0);
        json.WriteNumber("control_requests", totals?.ControlRequests ?? 0);
        json.WriteNumber("unanswered", totals?.Unanswered ?? 0);
        json.WriteNumber("spent_today", spentToday);
        Write(json, "reasons", totals?.Reasons);
        Write(json, "sources", totals?.Sources);
        json.WriteStartArray("groups");
        foreach (var group in totals?.Groups ?? [])
        {
            json.WriteStartObject();
            json.WriteString("task", group.Task.ToName());
            json.WriteString("kind", group.Kind.ToName());
            json.WriteString("labeller", group.Labeller);
            if (group.PromptVersion is { } prompt)
                json.WriteString("prompt_version", prompt);
            json.WriteNumber("valid", group.Valid);
            json.WriteNumber("trainable", group.Trainable);
            json.WriteNumber("abstained", group.Abstained);
            json.WriteNumber("rejected", group.Rejected);
            json.WriteNumber("mentions", group.Mentions);
            json.WriteNumber("hallucinated", group.Hallucinated);
            json.WriteNumber("discontinuous", group.Discontinuous);
            json.WriteNumber("hallucination_rate", group.HallucinationRate);
            json.WriteNumber("cost", group.Cost);
            json.WriteNumber("input_tokens", group.InputTokens);
            json.WriteNumber("output_tokens", group.OutputTokens);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    });

    private static void Write(Utf8JsonWriter json, string name, IReadOnlyDictionary<string, long>? counts)
    {
        json.WriteStartObject(name);
        foreach (var (key, count) in counts ?? new Dictionary<string, long>())
            json.WriteNumber(key, count);
        json.WriteEndObject();
    }

    private static string Why(SelectionReason reason) =>
        reason.Code + (reason.Task is { } task ? $" {task.ToName()}" : "") + (reason is { Value: { } value, Code: not SelectionReason.Control } ? $" {Number(value)}" : "");

    private static string Pairs(IReadOnlyDictionary<string, long> counts) =>
        string.Join(", ", counts.Select(static pair => $"{(pair.Key.Length == 0 ? "not said" : TerminalText.Line(pair.Key))} {pair.Value}"));

    private static string Short(string text)
    {
        var line = text.ReplaceLineEndings(" ");
        if (line.Length <= Width)
            return line;
        return string.Concat(line.AsSpan(0, char.IsHighSurrogate(line[Width - 2]) ? Width - 2 : Width - 1), "…");
    }

    private static string Number(double value, string format = "0.00") => value.ToString(format, CultureInfo.InvariantCulture);

    private static string Whole(long value) => value.ToString(CultureInfo.InvariantCulture);
}
