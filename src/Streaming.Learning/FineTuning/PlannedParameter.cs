namespace Streaming.Learning.FineTuning;

/// <summary>A tensor of a model that is to be trained, before a backend makes it.</summary>
/// <param name="Name">Its name in the checkpoint, or the one that backends agree on for adapters and heads.</param>
/// <param name="Shape">Its dimensions.</param>
/// <param name="Values">First values, row-major; to be copied.</param>
public sealed record PlannedParameter(string Name, long[] Shape, float[] Values)
{
    /// <summary>Whether it is learnt.</summary>
    public bool Trainable { get; init; }

    /// <summary>Whether weight decay pulls at it: at matrices, not at biases and normalisations.</summary>
    public bool Decays { get; init; }

    /// <summary>Its learning rate is the step's times this.</summary>
    public double RateFactor { get; init; } = 1;

    /// <summary>Whether it leaves the model under its own name; adapters leave it inside the matrices they belong to.</summary>
    public bool Exported { get; init; } = true;
}
