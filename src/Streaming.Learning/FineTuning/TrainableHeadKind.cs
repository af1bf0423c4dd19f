namespace Streaming.Learning.FineTuning;

/// <summary>What a trainable head labels.</summary>
public enum TrainableHeadKind
{
    /// <summary>Places of a row.</summary>
    Token,

    /// <summary>Whole rows, by the mean of their places.</summary>
    Document,

    /// <summary>Places of a row, by their cosine with given vectors.</summary>
    Contrastive,
}
