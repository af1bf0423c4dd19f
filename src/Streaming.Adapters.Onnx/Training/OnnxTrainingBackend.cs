using Streaming.Core;
using Streaming.Learning.FineTuning;

namespace Streaming.Adapters.Onnx.Training;

/// <summary>Fine-tuning by gradient graphs on ONNX Runtime: wherever a model can be served it can be trained.</summary>
public sealed class OnnxTrainingBackend : ITrainingBackend
{
    /// <inheritdoc/>
    public string Name => "onnx";

    /// <inheritdoc/>
    public ITrainableModel Create(TrainableModelOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Precision != "fp32")
            throw new StreamingException("training_unsupported", $"The onnx backend trains in fp32; precision '{options.Precision}' was asked for. Set precision to fp32, or take the torch backend.");
        return new OnnxTrainableModel(options);
    }
}
