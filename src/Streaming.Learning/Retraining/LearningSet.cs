using Streaming.Learning.Heads;

namespace Streaming.Learning.Retraining;

/// <summary>Features and targets of samples, with who made each label. Disposing deletes the features.</summary>
public sealed class LearningSet : IDisposable
{
    internal LearningSet(TrainingRows rows, IReadOnlyList<bool> isDistilled, int denseColumns) =>
        (Rows, IsDistilled, DenseColumns) = (rows, isDistilled, denseColumns);

    /// <summary>The rows; units are sentences or texts.</summary>
    public TrainingRows Rows { get; }

    /// <summary>For each unit whether a machine made its label.</summary>
    public IReadOnlyList<bool> IsDistilled { get; }

    internal int DenseColumns { get; }

    /// <inheritdoc/>
    public void Dispose() => Rows.Cache.Dispose();
}
