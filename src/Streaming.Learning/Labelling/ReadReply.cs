namespace Streaming.Learning.Labelling;

/// <summary>A model's reply as far as it fits the schema, or why it does not.</summary>
internal sealed record ReadReply
{
    /// <summary>Label and surface string, in the reply's order.</summary>
    public IReadOnlyList<(string Label, string Surface)> Mentions { get; init; } = [];

    /// <summary>Labels of the whole text.</summary>
    public IReadOnlyList<string> Labels { get; init; } = [];

    /// <summary>Stable code of what is wrong; null for a reply that fits.</summary>
    public string? Error { get; private init; }

    /// <summary>What is wrong, for the model to mend.</summary>
    public string? Problem { get; private init; }

    public static ReadReply Wrong(string error, string problem) => new() { Error = error, Problem = problem };
}
