using System.Numerics.Tensors;
using Streaming.Learning.FineTuning;

namespace Streaming.Adapters.Onnx.Training;

/// <summary>Weighted cross-entropy between softmax(logits) and target distributions.</summary>
internal static class SoftmaxLoss
{
    /// <summary>Loss of a batch and its derivatives.</summary>
    /// <param name="batch">Units, targets, weights.</param>
    /// <param name="labels">Logits a unit.</param>
    /// <param name="logits">Of every place or row, [places, labels].</param>
    /// <param name="derivatives">Receives the summed loss's derivatives by the logits, times the batch's scale; zeros where there is no unit.</param>
    public static StepLoss Compute(TrainingBatch batch, int labels, ReadOnlySpan<float> logits, Span<float> derivatives)
    {
        derivatives.Clear();
        double total = 0, weights = 0;
        Span<float> shares = labels <= 256 ? stackalloc float[labels] : new float[labels];
        for (var unit = 0; unit < batch.Units.Length; unit++)
        {
            var weight = batch.Weights[unit];
            if (weight == 0)
                continue;
            var place = batch.Units[unit] * labels;
            var own = logits.Slice(place, labels);
            var targets = batch.Targets.AsSpan(unit * labels, labels);
            var top = TensorPrimitives.Max(own);
            double sum = 0, mass = 0, inner = 0;
            for (var label = 0; label < labels; label++)
            {
                sum += Math.Exp(own[label] - top);
                mass += targets[label];
                inner += (double)targets[label] * (own[label] - top);
            }
            var log = Math.Log(sum);
            total += weight * ((mass * log) - inner);
            weights += weight;
            for (var label = 0; label < labels; label++)
                shares[label] = (float)(weight * batch.LossScale * ((mass * Math.Exp(own[label] - top - log)) - targets[label]));
            var to = derivatives.Slice(place, labels);
            TensorPrimitives.Add(to, shares, to);
        }
        return new StepLoss(total, weights);
    }
}
