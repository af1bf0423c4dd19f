namespace Streaming.Learning.FineTuning;

/// <summary>A head that is trained with the encoder. First weights are the caller's, so every backend starts from the same ones.</summary>
public sealed record TrainableHead
{
    /// <summary>Name, unique in the model.</summary>
    public required string Name { get; init; }

    /// <summary>What it labels.</summary>
    public required TrainableHeadKind Kind { get; init; }

    /// <summary>Number of logits a unit.</summary>
    public required int Labels { get; init; }

    /// <summary>Layers whose hidden states are concatenated, ascending; 0 is the embeddings. Not read for contrastive heads.</summary>
    public IReadOnlyList<int> Layers { get; init; } = [];

    /// <summary>First weights, [labels, layers · hidden]; empty for contrastive heads.</summary>
    public float[] Weight { get; init; } = [];

    /// <summary>First biases, [labels]; empty for contrastive heads.</summary>
    public float[] Bias { get; init; } = [];

    /// <summary>Contrastive: first anchors, [labels, hidden].</summary>
    public float[] Anchors { get; init; } = [];

    /// <summary>Contrastive: cosines are divided by this; above 0. Default 0.1.</summary>
    public double Temperature { get; init; } = 0.1;
}
