using Streaming.Core;
using Streaming.Learning.FineTuning;
using TorchSharp;

namespace Streaming.Adapters.Torch;

/// <summary>Fine-tuning by TorchSharp: for GPUs and large models.</summary>
/// <remarks>libtorch's threads and random numbers belong to the process: train one model at a time.</remarks>
public sealed class TorchTrainingBackend : ITrainingBackend
{
    /// <inheritdoc/>
    public string Name => "torch";

    /// <inheritdoc/>
    public ITrainableModel Create(TrainableModelOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Precision is not ("fp32" or "bf16"))
            throw new StreamingException("training_unsupported", $"The torch backend trains in fp32 or bf16; precision '{options.Precision}' was asked for. bf16 is as fast as fp16 and needs no loss scaling.");
        var plan = ParameterPlan.Of(options);
        if (options.Threads > 0)
            torch.set_num_threads(options.Threads);
        return new TorchTrainableModel(plan, options, DeviceOf(options.Device));
    }

    private static torch.Device DeviceOf(string name)
    {
        if (name == "auto")
            return torch.cuda.is_available() ? torch.CUDA : torch.CPU;
        if (name == "cpu")
            return torch.CPU;
        if (!torch.cuda.is_available())
            throw new StreamingException("training_unsupported", $"The device '{name}' was asked for, and libtorch finds no usable GPU. Set device to auto or cpu.", ExitCode.DependencyUnavailable);
        return torch.device(name);
    }
}
