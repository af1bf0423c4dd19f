using System.Text.Json;
using System.Text.Json.Serialization;

namespace Streaming.Contracts;

/// <summary>What one labeller said about one text for one task (<c>schemas/labelled-sample.v1.json</c>).</summary>
public sealed record LabelledSample
{
    /// <summary>Identity: request, task and labeller. The same labeller's later answer replaces its earlier one.</summary>
    public required string Id { get; init; }

    /// <summary>The request it answers.</summary>
    public required string RequestId { get; init; }

    /// <summary>Document the text is from.</summary>
    public required string DocumentId { get; init; }

    /// <summary>What it is labelled for.</summary>
    public required LabelTask Task { get; init; }

    /// <summary>The text; offsets count its UTF-16 code units.</summary>
    public required string Text { get; init; }

    /// <summary>Spans in order of their start, for entities (label: type) and aspects (label: polarity); they may nest. Empty says that there is none.</summary>
    public IReadOnlyList<SampleSpan> Spans { get; init; } = [];

    /// <summary>Labels of the whole text: one for sentiment, one or more for topics; empty for other tasks.</summary>
    public IReadOnlyList<string> Labels { get; init; } = [];

    /// <summary>Whether there is an answer to learn from. Where not, spans and labels are empty and say nothing.</summary>
    public required SampleValidity Validity { get; init; }

    /// <summary>Stable code of why there is no valid answer, lower_snake_case; null for a valid one.</summary>
    public string? Reason { get; init; }

    /// <summary>Who said it: <c>gpt-5-mini</c>, <c>anna</c>.</summary>
    public required string Labeller { get; init; }

    /// <summary>What kind of labeller that is: a person's labels are originals, all others are distilled.</summary>
    public required LabellerKind LabellerKind { get; init; }

    /// <summary>A person's decision between labellers that disagree: it stands above theirs.</summary>
    public bool Adjudicated { get; init; }

    /// <summary>Prompt that asked: name, and first 12 hexadecimal digits of its SHA-256; null where there was none.</summary>
    public string? PromptVersion { get; init; }

    /// <summary>How many answers were asked for, at least 1.</summary>
    public int Votes { get; init; } = 1;

    /// <summary>How much they agree, 0–1: mean share of the votes behind what was kept; null with a single vote.</summary>
    public double? Agreement { get; init; }

    /// <summary>Surface strings in the answers that are not in the text; dropped.</summary>
    public int Hallucinated { get; init; }

    /// <summary>Mentions in the answers that are not one stretch of text; dropped.</summary>
    public int Discontinuous { get; init; }

    /// <summary>Surface strings in the answers, those dropped included.</summary>
    public int Mentions { get; init; }

    /// <summary>What it cost, in the currency of the labelling settings; 0 where nothing is paid.</summary>
    public double Cost { get; init; }

    /// <summary>Tokens sent.</summary>
    public int InputTokens { get; init; }

    /// <summary>Tokens received.</summary>
    public int OutputTokens { get; init; }

    /// <summary>See <see cref="LabelRequest.ControlSlice"/>.</summary>
    public bool ControlSlice { get; init; }

    /// <summary>See <see cref="LabelRequest.Source"/>.</summary>
    public string? Source { get; init; }

    /// <summary>See <see cref="LabelRequest.Language"/>.</summary>
    public string? Language { get; init; }

    /// <summary>Topology that asked.</summary>
    public required string Topology { get; init; }

    /// <summary>Version of the model that guessed when it was asked.</summary>
    public string? ModelVersion { get; init; }

    /// <summary>When it was said.</summary>
    public required DateTimeOffset LabelledAt { get; init; }

    /// <summary>Fields this version does not know; kept and passed on.</summary>
    [JsonExtensionData]
    public IDictionary<string, JsonElement>? Unknown { get; set; } // Settable: a source-generated serialiser cannot bind extension data to an init property.

    /// <summary>The identity of what a labeller says about a request.</summary>
    public static string IdOf(string requestId, LabelTask task, LabellerKind kind, string labeller) =>
        $"{requestId}/{task.ToName()}/{kind.ToName()}/{labeller}";
}

/// <summary>UTF-16 code units <c>[Start, End)</c> of a sample's text, and what they are.</summary>
public readonly record struct SampleSpan(int Start, int End, string Label);

/// <summary>Whether a sample has an answer.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<SampleValidity>))]
public enum SampleValidity
{
    /// <summary>It has: schema-checked and aligned to the text.</summary>
    [JsonStringEnumMemberName("valid")]
    Valid,

    /// <summary>The labeller gave none that could be used.</summary>
    [JsonStringEnumMemberName("abstained")]
    Abstained,

    /// <summary>A person said that the text is not to be learnt from.</summary>
    [JsonStringEnumMemberName("rejected")]
    Rejected,
}

/// <summary>Kinds of labellers.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<LabellerKind>))]
public enum LabellerKind
{
    /// <summary>A person.</summary>
    [JsonStringEnumMemberName("person")]
    Person,

    /// <summary>A large language model.</summary>
    [JsonStringEnumMemberName("llm")]
    Llm,

    /// <summary>A labelled file.</summary>
    [JsonStringEnumMemberName("replay")]
    Replay,

    /// <summary>A simulation of a language model, on a labelled file.</summary>
    [JsonStringEnumMemberName("simulated")]
    Simulated,
}
