using System.Text.Json;
using System.Text.Json.Serialization;

namespace Streaming.Contracts;

/// <summary>One text to enrich, as producers write it (<c>schemas/text-message.v1.json</c>).</summary>
public sealed record TextMessage
{
    /// <summary>Identity of the document when the message has no key (the key wins: order holds per key), 1–512 UTF-8 bytes without control characters. With neither, <c>topic-partition-offset</c>.</summary>
    public string? Id { get; init; }

    /// <summary>The text, any length; may be empty. Annotations refer to it in UTF-16 code units.</summary>
    public required string Text { get; init; }

    /// <summary>BCP 47 tag, when the producer knows it.</summary>
    public string? Language { get; init; }

    /// <summary>When the text came to be. Without one, the message's own timestamp is used.</summary>
    public DateTimeOffset? EventTime { get; init; }

    /// <summary>Where the text comes from, e.g. <c>tweets</c>; a facet.</summary>
    public string? Source { get; init; }

    /// <summary>Anything else the producer wants to find again; kept as it is.</summary>
    public JsonElement? Metadata { get; init; }

    /// <summary>Fields this version does not know; kept and passed on.</summary>
    [JsonExtensionData]
    public IDictionary<string, JsonElement>? Unknown { get; set; } // Settable: a source-generated serialiser cannot bind extension data to an init property.
}
