namespace Streaming.Learning.Recipes;

/// <summary>
/// Token-contrastive stage: before the heads are fitted, hidden states of words are pulled to the embedding of a description of their type
/// and pushed from the others (InfoNCE, van den Oord et al. 2018), and descriptions to their words among those of the batch.
/// </summary>
public sealed record ContrastiveSettings
{
    /// <summary>Name of the head whose types and training data are used.</summary>
    public required string Head { get; init; }

    /// <summary>Type → what it is, in a sentence. <c>O</c> may be described too; without it, words outside every span are only pushed away.</summary>
    public required IReadOnlyDictionary<string, string> Descriptions { get; init; }

    /// <summary>Passes over the head's training data, above 0. Default 2.</summary>
    public double Epochs { get; init; } = 2;

    /// <summary>Highest rate. Default 2e-4.</summary>
    public double LearningRate { get; init; } = 2e-4;

    /// <summary>Cosines are divided by this. Default 0.1.</summary>
    public double Temperature { get; init; } = 0.1;

    /// <summary>Whether descriptions are also matched to words, not only words to descriptions. Default: yes.</summary>
    public bool Bidirectional { get; init; } = true;

    /// <summary>Steps between embedding the descriptions anew with the encoder as it is by then; 0: once, at the start.</summary>
    public int RefreshEvery { get; init; }
}
