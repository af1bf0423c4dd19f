using Streaming.Core.Models.Bundle;

namespace Streaming.Learning.Training;

/// <summary>A trained head: its manifest and its weights on raw features.</summary>
/// <param name="Manifest">What it is, calibrated and measured.</param>
/// <param name="Weights">[outputs, inputs].</param>
/// <param name="Bias">[outputs].</param>
/// <param name="Chain">Start, transitions [from, to] and end scores; null for softmax.</param>
public sealed record TrainedHead(HeadManifest Manifest, float[] Weights, float[] Bias, (float[] Start, float[] Transitions, float[] End)? Chain)
{
    /// <summary>The weights file.</summary>
    public byte[] ToSafetensors()
    {
        var outputs = Bias.Length;
        var writer = new SafetensorsWriter();
        writer.Add("weight", Weights, outputs, Weights.Length / outputs);
        writer.Add("bias", Bias, outputs);
        if (Chain is { } chain)
        {
            writer.Add("crf.start", chain.Start, outputs);
            writer.Add("crf.transitions", chain.Transitions, outputs, outputs);
            writer.Add("crf.end", chain.End, outputs);
        }

        return writer.ToBytes();
    }
}
