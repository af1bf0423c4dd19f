using System.Text.Json.Serialization;

namespace Streaming.Contracts;

/// <summary>What a text is labelled for. Named like the annotating stages of a topology.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<LabelTask>))]
public enum LabelTask
{
    /// <summary>Named entities: spans with a type.</summary>
    [JsonStringEnumMemberName("entities")]
    Entities,

    /// <summary>Topic of the text: one label or more.</summary>
    [JsonStringEnumMemberName("topics")]
    Topics,

    /// <summary>Sentiment of the text: one label.</summary>
    [JsonStringEnumMemberName("sentiment")]
    Sentiment,

    /// <summary>Aspect terms: spans with a polarity.</summary>
    [JsonStringEnumMemberName("aspects")]
    Aspects,
}
