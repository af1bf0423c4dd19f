using Streaming.Learning.Blending;
using Streaming.Learning.FineTuning;

namespace Streaming.Learning.Recipes;

/// <summary>How the encoder is trained before the heads (<c>fine_tuning</c> of a recipe).</summary>
public sealed record FineTuningSettings
{
    /// <summary>Passes over the data of all heads, above 0 to 1,000. Default 3.</summary>
    public double Epochs { get; init; } = 3;

    /// <summary>Optimiser steps, instead of <see cref="Epochs"/>; 0: by epochs.</summary>
    public int Steps { get; init; }

    /// <summary>Highest rate of AdamW. Default 2e-4, which suits small encoders; 2e-5 to 5e-5 suit large ones.</summary>
    public double LearningRate { get; init; } = 2e-4;

    /// <summary>Share of the steps in which the rate rises from nothing; it then falls linearly to nothing. Default 0.1.</summary>
    public double Warmup { get; init; } = 0.1;

    /// <summary>Decoupled weight decay of matrices. Default 0.01.</summary>
    public double WeightDecay { get; init; } = 0.01;

    /// <summary>Gradients are scaled down to this global norm; 0: never. Default 1.</summary>
    public double MaxGradientNorm { get; init; } = 1;

    /// <summary>Tokens of a batch, padding counted. Default 1,024.</summary>
    public int MaxBatchTokens { get; init; } = 1024;

    /// <summary>Longest row in tokens; longer texts are cut into windows (tagging) or cut (classifying). Default 128.</summary>
    public int MaxLength { get; init; } = 128;

    /// <summary>Batches a step. Default 1.</summary>
    public int Accumulation { get; init; } = 1;

    /// <summary>Share of values dropped. Default 0.1.</summary>
    public double Dropout { get; init; } = 0.1;

    /// <summary>The rate of heads is the encoder's times this. Default 1.</summary>
    public double HeadLearningRateFactor { get; init; } = 1;

    /// <summary>Rate of CRF and word-shape weights, which are few and start at nothing. Default 0.01.</summary>
    public double ChainLearningRate { get; init; } = 0.01;

    /// <summary>The rate of a layer is that of the layer above times this. Default 1.</summary>
    public double LayerDecay { get; init; } = 1;

    /// <summary>Whether embeddings stay as they are.</summary>
    public bool FreezeEmbeddings { get; init; }

    /// <summary>Bottom layers that stay as they are.</summary>
    public int FreezeLayers { get; init; }

    /// <summary>Low-rank adapters; null: all weights are learnt.</summary>
    public LoraOptions? Lora { get; init; }

    /// <summary>How tasks take turns.</summary>
    public TaskSampling Sampling { get; init; } = TaskSampling.Proportional;

    /// <summary>Steps between measurements on the development data; 0: every epoch.</summary>
    public int EvaluateEvery { get; init; }

    /// <summary>Texts of each head's development data that are measured on the way; 0: all. Default 1,000.</summary>
    public int DevLimit { get; init; } = 1000;

    /// <summary>Measurements without a better average after which training ends; 0: never.</summary>
    public int Patience { get; init; }

    /// <summary>Threads of one pass; 0: the backend's choice.</summary>
    public int Threads { get; init; }

    /// <summary>Backend by name, or <c>auto</c>: the first that can.</summary>
    public string Backend { get; init; } = "auto";

    /// <summary><c>auto</c>, <c>cpu</c> or <c>cuda</c>.</summary>
    public string Device { get; init; } = "auto";

    /// <summary><c>fp32</c>, <c>fp16</c> or <c>bf16</c>.</summary>
    public string Precision { get; init; } = "fp32";

    /// <summary>How the data that machines labelled (<see cref="DataSource.IsDistilled"/>) and the other data share the passes; its rates do not count. Null: each pass is of all.</summary>
    public BlendSettings? Blend { get; init; }

    /// <summary>What becomes of the heads that were trained along.</summary>
    public HeadPolicy Heads { get; init; } = HeadPolicy.Best;

    /// <summary>Settings of single heads, by name.</summary>
    public IReadOnlyDictionary<string, TaskSettings> Tasks { get; init; } = new Dictionary<string, TaskSettings>();

    /// <summary>Stage before the others that pulls words to descriptions of their types; null: none.</summary>
    public ContrastiveSettings? Contrastive { get; init; }

    /// <summary>Settings of a head.</summary>
    public TaskSettings Task(string head) => Tasks.GetValueOrDefault(head) ?? new TaskSettings();
}
