namespace Streaming.Learning.FineTuning;

/// <summary>What a trainable model is made of.</summary>
public sealed record TrainableModelOptions
{
    /// <summary>The checkpoint.</summary>
    public required EncoderCheckpoint Checkpoint { get; init; }

    /// <summary>The heads, at least one.</summary>
    public required IReadOnlyList<TrainableHead> Heads { get; init; }

    /// <summary>Share of values dropped behind embeddings, attention output, feed-forward and before heads, and of attention weights; 0 to below 1. Default 0.1.</summary>
    public double Dropout { get; init; } = 0.1;

    /// <summary>Whether word, position and segment embeddings with their normalisation stay as they are.</summary>
    public bool FreezeEmbeddings { get; init; }

    /// <summary>Bottom layers that stay as they are; 0 to the number of layers. More than 0 freezes the embeddings too.</summary>
    public int FrozenLayers { get; init; }

    /// <summary>Low-rank adapters in place of the encoder's own weights; null: the weights themselves are learnt.</summary>
    public LoraOptions? Lora { get; init; }

    /// <summary>The rate of a layer is that of the layer above times this; embeddings lie below the first layer, heads above the last. Above 0, at most 1. Default 1.</summary>
    public double LayerDecay { get; init; } = 1;

    /// <summary>The rate of heads is the step's rate times this. Default 1.</summary>
    public double HeadLearningRateFactor { get; init; } = 1;

    /// <summary>Decoupled weight decay of matrices; biases and normalisations have none. Default 0.01.</summary>
    public double WeightDecay { get; init; } = 0.01;

    /// <summary>Decay of the first moment. Default 0.9.</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>Decay of the second moment. Default 0.999.</summary>
    public double Beta2 { get; init; } = 0.999;

    /// <summary>Added to the root of the second moment. Default 1e-8.</summary>
    public double Epsilon { get; init; } = 1e-8;

    /// <summary>Gradients are scaled down to this global norm; 0: never. Default 1.</summary>
    public double MaxGradientNorm { get; init; } = 1;

    /// <summary>Seed of dropout and of adapters' first weights.</summary>
    public ulong Seed { get; init; }

    /// <summary>Threads of one pass; 0: the backend's choice.</summary>
    public int Threads { get; init; }

    /// <summary><c>auto</c>, <c>cpu</c> or <c>cuda</c>.</summary>
    public string Device { get; init; } = "auto";

    /// <summary><c>fp32</c>, <c>fp16</c> or <c>bf16</c>: what products are computed in; parameters and moments stay fp32.</summary>
    public string Precision { get; init; } = "fp32";
}
