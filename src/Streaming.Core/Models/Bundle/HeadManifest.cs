using System.Text.Json;
using System.Text.Json.Serialization;

namespace Streaming.Core.Models.Bundle;

/// <summary>One head: a small model on the encoder's hidden states.</summary>
public sealed record HeadManifest
{
    /// <summary>Name, unique in the bundle.</summary>
    public required string Name { get; init; }

    /// <summary>What it is for.</summary>
    public required HeadTask Task { get; init; }

    /// <summary>What kind of model it is.</summary>
    public required HeadKind Kind { get; init; }

    /// <summary>What it labels.</summary>
    public required HeadUnit Unit { get; init; }

    /// <summary>Labels in the order of the weights' rows; tags as <c>O</c>, <c>B-PER</c>, <c>I-PER</c>.</summary>
    public required IReadOnlyList<string> Labels { get; init; }

    /// <summary>Layers it reads, concatenated in this order; each one the encoder gives out.</summary>
    public required IReadOnlyList<int> Layers { get; init; }

    /// <summary>Whether word-shape features follow the hidden states.</summary>
    public bool WordShape { get; init; }

    /// <summary>Logits are divided by this; above 0, 1 when not calibrated.</summary>
    public double Temperature { get; init; } = 1;

    /// <summary>Path of its weights (safetensors).</summary>
    public required string File { get; init; }

    /// <summary>Label → least confidence to report it, 0–1; for categories of aspects: category → least probability that the text judges it.</summary>
    public IReadOnlyDictionary<string, double> Thresholds { get; init; } = new Dictionary<string, double>();

    /// <summary>Metric → value, e.g. <c>test.micro_f1</c>.</summary>
    public IReadOnlyDictionary<string, double> Metrics { get; init; } = new Dictionary<string, double>();

    /// <summary>Baseline (e.g. <c>majority</c>, <c>bag_of_words</c>) → metric → value, on the same data as <see cref="Metrics"/>.</summary>
    public IReadOnlyDictionary<string, IReadOnlyDictionary<string, double>> Baselines { get; init; } =
        new Dictionary<string, IReadOnlyDictionary<string, double>>();
}

/// <summary>What a head is for.</summary>
[JsonConverter(typeof(SnakeCaseEnumConverter<HeadTask>))]
public enum HeadTask
{
    /// <summary>Named entities.</summary>
    Ner,

    /// <summary>Topic of a text.</summary>
    Topic,

    /// <summary>Sentiment of a text.</summary>
    Sentiment,

    /// <summary>Aspect terms and the sentiment towards each.</summary>
    Absa,

    /// <summary>Which of given categories a text judges, and the sentiment towards each; labels are <c>category/none</c> and <c>category/sentiment</c>.</summary>
    AspectCategory,
}

/// <summary>What kind of model a head is.</summary>
[JsonConverter(typeof(SnakeCaseEnumConverter<HeadKind>))]
public enum HeadKind
{
    /// <summary>Linear with softmax; for categories of aspects with one softmax a category.</summary>
    Softmax,

    /// <summary>Linear with a linear-chain CRF.</summary>
    Crf,
}

/// <summary>What a head labels.</summary>
[JsonConverter(typeof(SnakeCaseEnumConverter<HeadUnit>))]
public enum HeadUnit
{
    /// <summary>Each word, by its first sub-word.</summary>
    Token,

    /// <summary>The text, by the mean of its tokens.</summary>
    Document,
}

/// <summary>Enums as snake_case names only: numbers are refused.</summary>
/// <typeparam name="T">The enum.</typeparam>
public sealed class SnakeCaseEnumConverter<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false)
    where T : struct, Enum;
