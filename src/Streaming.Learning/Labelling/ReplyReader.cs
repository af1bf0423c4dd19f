using System.Text;
using System.Text.Json;
using Streaming.Contracts;

namespace Streaming.Learning.Labelling;

/// <summary>
/// Reads a model's reply: one JSON object and nothing that the schema does not have. For spans, label → list of surface strings; for
/// topics <c>{"topics": [label, …]}</c>; for sentiment <c>{"sentiment": label}</c>. A string <c>reasoning</c> may go before and is not kept.
/// </summary>
internal static class ReplyReader
{
    private const int MaxReply = 64 * 1024;
    private const int MaxMentions = 500;
    private const string Reasoning = "reasoning";

    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = 8, AllowDuplicateProperties = false };

    public static ReadReply Read(LabelTask task, IReadOnlyList<string> labels, string reply)
    {
        if (reply.Length > MaxReply)
            return ReadReply.Wrong("reply_too_large", "it is too long");
        var json = Unfenced(reply);
        if (json.Length == 0)
            return ReadReply.Wrong("empty_reply", "it is empty");
        try
        {
            using var document = JsonDocument.Parse(Encoding.UTF8.GetBytes(json), Strict);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                return ReadReply.Wrong("malformed_reply", "it is not a JSON object");
            return task switch
            {
                LabelTask.Entities or LabelTask.Aspects => Mentions(document.RootElement, labels),
                LabelTask.Topics => Topics(document.RootElement, labels),
                _ => Sentiment(document.RootElement, labels),
            };
        }
        catch (JsonException)
        {
            return ReadReply.Wrong("malformed_reply", "it is not valid JSON, or has text around the object");
        }
        catch (EncoderFallbackException)
        {
            return ReadReply.Wrong("malformed_reply", "it has half of a character");
        }
    }

    // Many models put the object into a fenced block; that alone is no fault.
    private static string Unfenced(string reply)
    {
        var text = reply.Trim();
        if (!text.StartsWith("```", StringComparison.Ordinal) || !text.EndsWith("```", StringComparison.Ordinal) || text.Length < 6)
            return text;
        var line = text.IndexOf('\n', StringComparison.Ordinal);
        return line < 0 ? text : text[line..^3].Trim();
    }

    private static ReadReply Mentions(JsonElement root, IReadOnlyList<string> labels)
    {
        var mentions = new List<(string Label, string Surface)>();
        foreach (var property in root.EnumerateObject())
        {
            if (IsReasoning(property))
                continue;
            if (!labels.Contains(property.Name))
                return OffLabel(labels);
            if (property.Value.ValueKind != JsonValueKind.Array)
                return ReadReply.Wrong("malformed_reply", "the value of each label must be a list of strings");
            foreach (var item in property.Value.EnumerateArray())
            {
                if (item.ValueKind != JsonValueKind.String || mentions.Count == MaxMentions)
                    return ReadReply.Wrong("malformed_reply", "the value of each label must be a list of strings, at most 500 in all");
                mentions.Add((property.Name, item.GetString()!));
            }
        }

        return new ReadReply { Mentions = mentions };
    }

    private static ReadReply Topics(JsonElement root, IReadOnlyList<string> labels)
    {
        if (!HasOnly(root, "topics", out var value) || value.ValueKind != JsonValueKind.Array)
            return ReadReply.Wrong("malformed_reply", "it must be {\"topics\": [\"…\"]}");
        var chosen = new List<string>();
        foreach (var item in value.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.String)
                return ReadReply.Wrong("malformed_reply", "topics must be strings");
            if (!labels.Contains(item.GetString()!))
                return OffLabel(labels);
            if (!chosen.Contains(item.GetString()!))
                chosen.Add(item.GetString()!);
        }

        return chosen.Count == 0 ? ReadReply.Wrong("malformed_reply", "it must name at least one topic") : new ReadReply { Labels = chosen };
    }

    private static ReadReply Sentiment(JsonElement root, IReadOnlyList<string> labels)
    {
        if (!HasOnly(root, "sentiment", out var value) || value.ValueKind != JsonValueKind.String)
            return ReadReply.Wrong("malformed_reply", "it must be {\"sentiment\": \"…\"}");
        return labels.Contains(value.GetString()!) ? new ReadReply { Labels = [value.GetString()!] } : OffLabel(labels);
    }

    private static bool HasOnly(JsonElement root, string name, out JsonElement value)
    {
        value = default;
        foreach (var property in root.EnumerateObject())
        {
            if (property.Name == name)
                value = property.Value;
            else if (!IsReasoning(property))
                return false;
        }

        return value.ValueKind != JsonValueKind.Undefined;
    }

    private static bool IsReasoning(JsonProperty property) => property.NameEquals(Reasoning) && property.Value.ValueKind == JsonValueKind.String;

    // What the model wrote is not repeated to it: it may have come from the document.
    private static ReadReply OffLabel(IReadOnlyList<string> labels) =>
        ReadReply.Wrong("off_label", $"it has a label or key that is not one of: {string.Join(", ", labels)}");
}
