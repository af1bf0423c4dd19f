using Streaming.Core;

namespace Streaming.Learning.FineTuning;

/// <summary>Something that can differentiate an encoder: forward, backward, optimiser. The loop around it is <see cref="EncoderTraining"/>, the same for every backend.</summary>
public interface ITrainingBackend
{
    /// <summary>Name in recipes and on the command line, e.g. <c>onnx</c> or <c>torch</c>.</summary>
    string Name { get; }

    /// <summary>Makes a model that can be trained.</summary>
    /// <param name="options">What it is made of; read during the call only.</param>
    /// <returns>The model, owned by the caller.</returns>
    /// <exception cref="StreamingException"><c>training_unsupported</c> where the backend can't do what is asked (family, device, precision); <c>model_config_invalid</c>, <c>safetensors_invalid</c>.</exception>
    ITrainableModel Create(TrainableModelOptions options);
}
