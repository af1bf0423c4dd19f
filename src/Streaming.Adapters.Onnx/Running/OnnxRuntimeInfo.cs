using Microsoft.ML.OnnxRuntime;
using Streaming.Core;

namespace Streaming.Adapters.Onnx.Running;

/// <summary>Which ONNX Runtime this process has.</summary>
/// <param name="Version">Version of the native library, e.g. <c>1.29.0</c>.</param>
/// <param name="Providers">Where it can run, best first, by ONNX Runtime's own names, e.g. <c>CPUExecutionProvider</c>.</param>
public sealed record OnnxRuntimeInfo(string Version, IReadOnlyList<string> Providers)
{
    /// <summary>Loads the library and asks it.</summary>
    /// <exception cref="DependencyUnavailableException"><c>onnxruntime_missing</c>.</exception>
    public static OnnxRuntimeInfo Read()
    {
        try
        {
            OnnxSessionFactory.EnsureEnvironment();
            var environment = OrtEnv.Instance();
            return new OnnxRuntimeInfo(environment.GetVersionString(), environment.GetAvailableProviders());
        }
        catch (Exception error) when (error is DllNotFoundException or TypeInitializationException or EntryPointNotFoundException or BadImageFormatException)
        {
            throw new DependencyUnavailableException(
                "onnxruntime_missing", "ONNX Runtime's native library cannot be loaded; set the product up again: ./streaming setup --again", error);
        }
    }
}
