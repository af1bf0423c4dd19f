namespace Streaming.Core.Topology;

/// <summary>Any endpoint that speaks OpenAI's chat completions (<c>labelling.llm:</c>).</summary>
public sealed record LlmSettings
{
    /// <summary>Base address, e.g. <c>https://api.openai.com/v1</c>; null: there is none.</summary>
    public Uri? Url { get; init; }

    /// <summary>Which addresses it may have: only public ones, also this machine's own, or also private ones. Link-local ones never.</summary>
    public LlmNetwork Network { get; init; }

    /// <summary>Model.</summary>
    public string? Model { get; init; }

    /// <summary>Name of the environment variable that holds the key; where it is not set, none is sent.</summary>
    public string ApiKeyVariable { get; init; } = "OPENAI_API_KEY";

    /// <summary>Prompt: a file of <c>prompts/</c> without its ending, or a path relative to the topology file.</summary>
    public string Prompt { get; init; } = "standard";

    /// <summary>Labelled examples in the prompt, 0–50.</summary>
    public int FewShot { get; init; } = 4;

    /// <summary>True: those nearest to the text; false: always the same.</summary>
    public bool NearestExamples { get; init; } = true;

    /// <summary>Answers asked for each text, 1–15; what most of them say is kept.</summary>
    public int Votes { get; init; } = 1;

    /// <summary>Sampling temperature, 0–2.</summary>
    public double Temperature { get; init; }

    /// <summary>Most tokens of an answer, 16–32,768.</summary>
    public int MaxOutputTokens { get; init; } = 1_024;

    /// <summary>Price of a million tokens sent.</summary>
    public double InputPrice { get; init; }

    /// <summary>Price of a million tokens received.</summary>
    public double OutputPrice { get; init; }

    /// <summary>Most that a day (UTC) may cost.</summary>
    public double MaxCostPerDay { get; init; } = 1;

    /// <summary>Most that one document may cost.</summary>
    public double MaxCostPerDocument { get; init; } = 0.05;

    /// <summary>Longest wait for one answer, 1 s–10 min.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Calls in flight, 1–64.</summary>
    public int MaxConcurrency { get; init; } = 4;

    /// <summary>Calls a minute, 1–100,000.</summary>
    public int RequestsPerMinute { get; init; } = 60;

    /// <summary>How often one call is tried, 1–10.</summary>
    public int MaxAttempts { get; init; } = 4;

    /// <summary>True when calls cost something, so that caps apply.</summary>
    public bool IsPaid => InputPrice > 0 || OutputPrice > 0;
}

/// <summary>Which addresses a language model's endpoint may have.</summary>
public enum LlmNetwork
{
    /// <summary>Public ones, over https.</summary>
    Public,

    /// <summary>Also this machine's own.</summary>
    Loopback,

    /// <summary>Also private networks.</summary>
    Private,
}
