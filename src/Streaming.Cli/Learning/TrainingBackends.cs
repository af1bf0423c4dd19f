using Streaming.Adapters.Onnx.Training;
using Streaming.Cli.Composition;
using Streaming.Core;
using Streaming.Learning.FineTuning;

namespace Streaming.Cli.Learning;

/// <summary>What can train encoders in this build, by name.</summary>
internal static class TrainingBackends
{
    private static readonly (string Name, Func<ITrainingBackend> Create)[] Known =
    [
        ("onnx", static () => new OnnxTrainingBackend()),
#if TORCH_SHARP
        ("torch", static () => new Adapters.Torch.TorchTrainingBackend()),
#endif
    ];

    /// <summary>The backend of that name; <c>auto</c>: the first there is.</summary>
    /// <exception cref="StreamingException"><c>training_backend_missing</c>.</exception>
    public static ITrainingBackend Find(string name)
    {
        foreach (var (known, create) in Known)
        {
            if (name == known || name == "auto")
                return create();
        }

        var why = name == "torch" ? $", because the {PackageSet.Name} package set has no TorchSharp" : "";
        throw new StreamingException("training_backend_missing", $"this build has no training backend '{name}'{why}; it has {string.Join(", ", Known.Select(static k => k.Name))}. Set backend in fine_tuning of the recipe or of retraining, or --backend, to one of them.");
    }
}
