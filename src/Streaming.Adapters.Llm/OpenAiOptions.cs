using Streaming.Core.Topology;

namespace Streaming.Adapters.Llm;

/// <summary>Where a language model is.</summary>
public sealed record OpenAiOptions
{
    /// <summary>Base address of an endpoint that speaks OpenAI's chat completions, e.g. <c>https://api.openai.com/v1</c>.</summary>
    public required Uri Url { get; init; }

    /// <summary>Which addresses it may have. Checked again at each connection, on the address that is connected to.</summary>
    public LlmNetwork Network { get; init; }

    /// <summary>Model.</summary>
    public required string Model { get; init; }

    /// <summary>Key; null sends none. A secret: never logged, never in an error.</summary>
    public string? ApiKey { get; init; }

    /// <summary>Longest wait for one reply.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Largest reply in bytes.</summary>
    public int MaxReplyBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>Leaves the key out.</summary>
    public override string ToString() => $"{Model} at {Url}";
}
