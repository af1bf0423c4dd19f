using System.Globalization;
using System.Text;
using Streaming.Contracts;
using Streaming.Core.Messaging;

namespace Streaming.Testing.Fakes;

/// <summary>Short ways to say a message or a document in a test.</summary>
public static class Make
{
    /// <summary>Noon of the first day of 2024, UTC.</summary>
    public static DateTimeOffset Noon { get; } = new(2024, 1, 1, 12, 0, 0, TimeSpan.Zero);

    /// <summary>A message as a source delivers it.</summary>
    public static SourceMessage Message(
        ReadOnlyMemory<byte>? value,
        string? key = null,
        long offset = 0,
        string topic = "raw",
        int partition = 0,
        int epoch = 1) => new()
        {
            Partition = new TopicPartition(topic, partition),
            Offset = offset,
            Epoch = epoch,
            // The cast matters: a null array would become an empty key instead of none.
            Key = key is null ? (ReadOnlyMemory<byte>?)null : Encoding.UTF8.GetBytes(key),
            Value = value,
            Timestamp = Noon,
        };

    /// <summary>A message as a source delivers it, its value given as a string.</summary>
    public static SourceMessage Message(string? value, string? key = null, long offset = 0, string topic = "raw", int partition = 0, int epoch = 1) =>
        Message(value is null ? (ReadOnlyMemory<byte>?)null : Encoding.UTF8.GetBytes(value), key, offset, topic, partition, epoch);

    /// <summary>A document without annotations unless given.</summary>
    public static EnrichedDocument Document(
        string id,
        string text,
        IReadOnlyList<EntityAnnotation>? entities = null,
        string? topic = null,
        string? sentiment = null,
        IReadOnlyList<AspectAnnotation>? aspects = null,
        string? source = null,
        int day = 0,
        long offset = 0) => new()
        {
            Id = id,
            Text = text,
            Entities = entities ?? [],
            Topics = topic is null ? [] : [new LabelScore(topic, 0.75)],
            Sentiment = sentiment is null ? null : new SentimentAnnotation(sentiment, 0.8, [new LabelScore(sentiment, 0.8), new LabelScore("other", 0.2)]),
            Aspects = aspects ?? [],
            Language = "en",
            Source = source,
            Coverage = 1,
            EventTime = Noon.AddDays(day),
            IngestTime = Noon.AddDays(day).AddMinutes(1),
            Lineage = new Lineage
            {
                Model = "fake",
                ModelVersion = "1",
                Heads = new Dictionary<string, string> { ["ner"] = "000000000000" },
                Topology = "test",
                Topic = "raw",
                Partition = 0,
                Offset = offset,
            },
        };

    /// <summary>An entity whose surface is looked up in the text.</summary>
    public static EntityAnnotation Entity(string text, string type, string surface)
    {
        var start = text.IndexOf(surface, StringComparison.Ordinal);
        return new EntityAnnotation(type, surface, start, start + surface.Length, 0.9);
    }

    /// <summary>An aspect whose term is looked up in the text.</summary>
    public static AspectAnnotation Aspect(string text, string term, string sentiment)
    {
        var start = text.IndexOf(term, StringComparison.Ordinal);
        return new AspectAnnotation(term, start, start + term.Length, sentiment, 0.9);
    }

    /// <summary>A number as text, the same on every machine.</summary>
    public static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);
}
