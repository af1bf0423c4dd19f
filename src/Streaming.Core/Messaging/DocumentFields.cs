using System.Text;

namespace Streaming.Core.Messaging;

/// <summary>Names of an enriched document's own fields. A producer's unknown field of such a name is kept as <c>message_NAME</c>.</summary>
internal static class DocumentFields
{
    public static bool Contains(string name) => Contains(Encoding.UTF8.GetBytes(name));

    /// <summary>The same for a name in UTF-8.</summary>
    public static bool Contains(ReadOnlySpan<byte> name) => name.Length switch
    {
        2 => name.SequenceEqual("id"u8),
        4 => name.SequenceEqual("text"u8),
        6 => name.SequenceEqual("topics"u8) || name.SequenceEqual("source"u8),
        7 => name.SequenceEqual("aspects"u8) || name.SequenceEqual("lineage"u8),
        8 => name.SequenceEqual("entities"u8) || name.SequenceEqual("language"u8) || name.SequenceEqual("coverage"u8) || name.SequenceEqual("metadata"u8),
        9 => name.SequenceEqual("sentiment"u8) || name.SequenceEqual("truncated"u8),
        10 => name.SequenceEqual("event_time"u8),
        11 => name.SequenceEqual("ingest_time"u8),
        17 => name.SequenceEqual("aspect_categories"u8),
        _ => false,
    };
}
