using Streaming.Contracts;
using Streaming.Core.Labelling;
using Streaming.Core.Topology;

namespace Streaming.Learning.Labelling;

/// <summary>What a language model labels, and for how much.</summary>
public sealed record LlmLabellerOptions
{
    /// <summary>Labels of each task; a task that is not here is not answered.</summary>
    public required IReadOnlyDictionary<LabelTask, IReadOnlyList<string>> Labels { get; init; }

    /// <summary>Answers asked for each text and task, at least 1.</summary>
    public int Votes { get; init; } = 1;

    /// <summary>Sampling temperature.</summary>
    public double Temperature { get; init; }

    /// <summary>Most tokens of an answer.</summary>
    public int MaxOutputTokens { get; init; } = 1_024;

    /// <summary>Price of a million tokens sent.</summary>
    public double InputPrice { get; init; }

    /// <summary>Price of a million tokens received.</summary>
    public double OutputPrice { get; init; }

    /// <summary>Caps; they apply where anything has a price.</summary>
    public SpendCaps Caps { get; init; } = new(1, 0.05);

    /// <summary>Calls in flight.</summary>
    public int MaxConcurrency { get; init; } = 4;

    /// <summary>Calls a minute.</summary>
    public int RequestsPerMinute { get; init; } = 60;

    /// <summary>How often one call is tried.</summary>
    public int MaxAttempts { get; init; } = 4;

    /// <summary>True when calls cost something.</summary>
    public bool IsPaid => InputPrice > 0 || OutputPrice > 0;

    /// <summary>What a topology says.</summary>
    public static LlmLabellerOptions From(LlmSettings settings, IReadOnlyDictionary<LabelTask, IReadOnlyList<string>> labels)
    {
        ArgumentNullException.ThrowIfNull(settings);
        return new LlmLabellerOptions
        {
            Labels = labels,
            Votes = settings.Votes,
            Temperature = settings.Temperature,
            MaxOutputTokens = settings.MaxOutputTokens,
            InputPrice = settings.InputPrice,
            OutputPrice = settings.OutputPrice,
            Caps = new SpendCaps(settings.MaxCostPerDay, settings.MaxCostPerDocument),
            MaxConcurrency = settings.MaxConcurrency,
            RequestsPerMinute = settings.RequestsPerMinute,
            MaxAttempts = settings.MaxAttempts,
        };
    }
}
