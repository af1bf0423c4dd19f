using Streaming.Core;

namespace Streaming.Learning.FineTuning;

/// <summary>
/// An encoder with its heads and the optimiser's state. One caller at a time. The same options and the same calls give the same
/// bits on the same machine and number of threads.
/// </summary>
/// <remarks>
/// Logits of a token head: weight · [hidden states of its layers, concatenated] + bias, at each unit's place. Of a document head: the
/// same of the mean over all places of the row (framing tokens counted, padding not). Of a contrastive head: the cosine of the last
/// layer's hidden state and each anchor, divided by the temperature.
/// </remarks>
public interface ITrainableModel : IDisposable
{
    /// <summary>What it is.</summary>
    TrainableModelInfo Info { get; }

    /// <summary>Forward and backward of the weighted cross-entropy between softmax(logits) and the batch's targets; gradients are added to those held.</summary>
    /// <param name="batch">With targets and weights. Of a token or document head.</param>
    /// <returns>Σ weight · loss and Σ weight, both without <see cref="TrainingBatch.LossScale"/>.</returns>
    StepLoss Accumulate(TrainingBatch batch);

    /// <summary>Forward with dropout, for losses computed outside; the masks are kept for <see cref="AccumulateSeeded"/> of the same batch, which must be the next call.</summary>
    /// <param name="batch">Targets and weights are not read.</param>
    /// <param name="logits">Receives [units, labels].</param>
    void Forward(TrainingBatch batch, Span<float> logits);

    /// <summary>Backward from derivatives that were computed outside, through the pass that <see cref="Forward"/> made.</summary>
    /// <param name="batch">The batch of that pass.</param>
    /// <param name="derivatives">Of the summed loss by the logits, [units, labels].</param>
    /// <param name="weight">Added to the weight that <see cref="Update"/> divides by.</param>
    void AccumulateSeeded(TrainingBatch batch, ReadOnlySpan<float> derivatives, double weight);

    /// <summary>
    /// One step of AdamW (Loshchilov, Hutter, ICLR 2019): the held gradients are divided by the held weight, clipped by their global norm and
    /// applied; then both are zero. Parameters that got no gradient since the last step (other tasks' heads) stay as they are, moments included.
    /// </summary>
    /// <param name="learningRate">Rate before layer-wise decay.</param>
    /// <returns>Global norm before clipping; not finite when a gradient was not, and then nothing was applied.</returns>
    double Update(double learningRate);

    /// <summary>Forward only, without dropout.</summary>
    /// <param name="batch">Targets and weights are not read.</param>
    /// <param name="logits">Receives [units, labels].</param>
    void Predict(TrainingBatch batch, Span<float> logits);

    /// <summary>Forward only, without dropout: the mean of the last layer over all places of each row (framing tokens counted, padding not).</summary>
    /// <param name="batch">Its head, units, targets and weights are not read.</param>
    /// <param name="embeddings">Receives [rows, hidden], not normalised.</param>
    void Embed(TrainingBatch batch, Span<float> embeddings);

    /// <summary>Replaces the anchors of a contrastive head.</summary>
    /// <param name="head">Index of the head.</param>
    /// <param name="anchors">[labels, hidden]; need not be normalised. No gradient flows into them.</param>
    void SetAnchors(int head, ReadOnlySpan<float> anchors);

    /// <summary>
    /// Encoder parameters by their names in the checkpoint (prefix as it was), shapes as they were, LoRA and DoRA merged in, frozen ones included; heads as
    /// <c>heads.{name}.weight</c> [labels, inputs] and <c>heads.{name}.bias</c> [labels], contrastive heads left out.
    /// </summary>
    IReadOnlyDictionary<string, float[]> Export();

    /// <summary>Writes parameters, moments, step counts and random state: training that goes on from them is bit-equal to training that never stopped.</summary>
    void SaveState(Stream stream);

    /// <summary>Takes up what <see cref="SaveState"/> wrote for a model with the same options.</summary>
    /// <exception cref="StreamingException"><c>training_state_invalid</c>: of another model, or damaged.</exception>
    void LoadState(Stream stream);
}
