namespace Streaming.Learning.FineTuning;

/// <summary>Rows of tokens for one head. The arrays stay the caller's and are read during the call only.</summary>
public sealed record TrainingBatch
{
    /// <summary>Index of the head in <see cref="TrainableModelOptions.Heads"/>.</summary>
    public required int Head { get; init; }

    /// <summary>Number of rows, at least 1.</summary>
    public required int Rows { get; init; }

    /// <summary>Places a row, padding counted.</summary>
    public required int Length { get; init; }

    /// <summary>Vocabulary ids, [rows, length], framing tokens counted; behind a row's length anything, 0 by custom.</summary>
    public required int[] Ids { get; init; }

    /// <summary>Tokens of each row, 1 to <see cref="Length"/>.</summary>
    public required int[] Lengths { get; init; }

    /// <summary>Segments, [rows, length]; null: all 0.</summary>
    public int[]? TokenTypes { get; init; }

    /// <summary>What is labelled, ascending: of token and contrastive heads flat places row · length + position; of document heads rows.</summary>
    public required int[] Units { get; init; }

    /// <summary>Distributions over the head's labels, [units, labels]; they sum to 1 a unit. Empty where they are not read.</summary>
    public float[] Targets { get; init; } = [];

    /// <summary>What each unit counts, at least 0, [units]. Empty where they are not read.</summary>
    public float[] Weights { get; init; } = [];

    /// <summary>Multiplies the gradients of the batch: the loss weight of its task. Default 1.</summary>
    public float LossScale { get; init; } = 1;
}
