using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Streaming.Contracts;

namespace Streaming.Learning.Labelling;

/// <summary>Writes labelled examples into a prompt: a text between delimiters, and the reply that would be right.</summary>
internal static class PromptExamples
{
    private static readonly JsonWriterOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Write(IReadOnlyList<LabelledSample> examples, PromptGuard guard)
    {
        var text = new StringBuilder();
        foreach (var example in examples)
            text.Append("Example:\n").Append(guard.Wrap(example.Text)).Append("\nReply: ").Append(Reply(example)).Append("\n\n");
        return text.ToString();
    }

    /// <summary>The reply that gives a sample.</summary>
    public static string Reply(LabelledSample sample)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, Relaxed))
        {
            json.WriteStartObject();
            switch (sample.Task)
            {
                case LabelTask.Sentiment:
                    json.WriteString("sentiment", sample.Labels.Count > 0 ? sample.Labels[0] : "");
                    break;
                case LabelTask.Topics:
                    json.WriteStartArray("topics");
                    foreach (var label in sample.Labels)
                        json.WriteStringValue(label);
                    json.WriteEndArray();
                    break;
                default:
                    foreach (var group in sample.Spans.GroupBy(static span => span.Label))
                    {
                        json.WriteStartArray(group.Key);
                        foreach (var surface in group.Select(span => sample.Text[span.Start..span.End]).Distinct())
                            json.WriteStringValue(surface);
                        json.WriteEndArray();
                    }

                    break;
            }

            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }
}
