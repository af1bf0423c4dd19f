using System.Text;
using Streaming.Contracts;
using Streaming.Core.Messaging;
using Streaming.Core.Sinks;

namespace Streaming.Adapters.Sqlite.Tests;

/// <summary>Messages and documents to store.</summary>
internal static class Samples
{
    internal static readonly DateTimeOffset Noon = new(2024, 5, 1, 12, 0, 0, TimeSpan.Zero);

    internal static OutgoingMessage Message(string value, string? key = null) => new()
    {
        Key = key is null ? null : (ReadOnlyMemory<byte>?)Encoding.UTF8.GetBytes(key),
        Value = Encoding.UTF8.GetBytes(value),
    };

    internal static EnrichedDocument Document(
        string id, string text, DateTimeOffset? time = null, string? topic = null, string? sentiment = null, string? source = null,
        IReadOnlyList<EntityAnnotation>? entities = null, IReadOnlyList<AspectAnnotation>? aspects = null, long offset = 0) => new()
    {
        Id = id,
        Text = text,
        Entities = entities ?? [],
        Topics = topic is null ? [] : [new LabelScore(topic, 0.9)],
        Sentiment = sentiment is null ? null : new SentimentAnnotation(sentiment, 0.8, [new LabelScore(sentiment, 0.8), new LabelScore("other", 0.2)]),
        Aspects = aspects ?? [],
        Source = source,
        Coverage = 1,
        EventTime = time ?? Noon,
        IngestTime = Noon,
        Lineage = new Lineage
        {
            Model = "starter", ModelVersion = "1", Heads = new Dictionary<string, string> { ["ner"] = "0123456789ab" },
            Topology = "t", Topic = "text.raw", Partition = 0, Offset = offset,
        },
    };

    internal static DocumentWrite Write(EnrichedDocument document, long version = 1) => new() { Id = document.Id, Version = version, Document = document };

    internal static DeadLetter Letter(long offset, string code = ErrorCodes.InvalidUtf8, int attempts = 1, string topic = "text.raw") => new()
    {
        Topic = topic, Partition = 0, Offset = offset, Timestamp = Noon, Key = [1, 2], Value = [0xff, 0x00, 0xfe],
        Headers = [new MessageHeader("h", [9]), new MessageHeader("n", null)],
        Stage = "decode", Code = code, Reason = "not valid UTF-8", Attempts = attempts, FailedAt = Noon, Topology = "t",
    };
}
