using Microsoft.ML.OnnxRuntime;
using Streaming.Adapters.Onnx.Graphs;
using Streaming.Core;

namespace Streaming.Adapters.Onnx.Running;

/// <summary>Opens ONNX Runtime sessions on verified bytes, on the device asked for or, with a reason, on the CPU.</summary>
internal static class OnnxSessionFactory
{
    private static readonly Lock EnvironmentGate = new();

    /// <summary>Opens a session.</summary>
    /// <returns>The session, and where it runs in words.</returns>
    public static (InferenceSession Session, string Device) Open(byte[] model, OnnxRunnerOptions options, bool singlePrecision)
    {
        if (options.Validate() is { Count: > 0 } errors)
            throw new StreamingException("model_options_invalid", $"The encoder's options are refused: {string.Join("; ", errors)}.");
        GraphInspector.Inspect(model);
        EnsureEnvironment();
        _ = OnnxDevice.TryParse(options.Device, out var device);
        var reason = "";
        if (device.Kind == OnnxDeviceKind.Cuda || (device.Kind == OnnxDeviceKind.Auto && singlePrecision))
        {
            if (TryOpenCuda(model, options, device.Index, out var session, out reason))
                return (session!, Told(options, $"cuda:{device.Index}"));
            reason = device.Kind == OnnxDeviceKind.Auto ? "" : $" (cuda:{device.Index} was asked for: {reason})";
        }
        if (!singlePrecision && Int8Support.Warning is { } warning)
            options.Log?.Invoke(warning);
        return (Create(model, CpuOptions(options)), Told(options, "cpu" + reason));
    }

    private static string Told(OnnxRunnerOptions options, string device)
    {
        options.Log?.Invoke($"encoder runs on {device}");
        return device;
    }

    private static bool TryOpenCuda(byte[] model, OnnxRunnerOptions options, int index, out InferenceSession? session, out string reason)
    {
        session = null;
        if (!OrtEnv.Instance().GetAvailableProviders().Contains("CUDAExecutionProvider"))
        {
            reason = "this ONNX Runtime has no CUDA provider";
            return false;
        }
        try
        {
            using var sessionOptions = CpuOptions(options);
            sessionOptions.AppendExecutionProvider_CUDA(index);
            session = new InferenceSession(model, sessionOptions);
            reason = "";
            return true;
        }
        catch (OnnxRuntimeException e)
        {
            reason = e.Message.ReplaceLineEndings(" ");
            return false;
        }
    }

    private static InferenceSession Create(byte[] model, SessionOptions options)
    {
        using (options)
        {
            try
            {
                return new InferenceSession(model, options);
            }
            catch (OnnxRuntimeException e)
            {
                throw new StreamingException("model_graph_invalid", $"ONNX Runtime refuses the encoder: {e.Message.ReplaceLineEndings(" ")}", ExitCode.Usage, e);
            }
        }
    }

    private static SessionOptions CpuOptions(OnnxRunnerOptions options)
    {
        var session = new SessionOptions
        {
            IntraOpNumThreads = options.IntraOpThreads,
            InterOpNumThreads = 1,
            ExecutionMode = ExecutionMode.ORT_SEQUENTIAL,
            // Without the arena every pass pays for fresh pages, and the process ends up larger, not smaller.
            EnableCpuMemArena = true,
            // A pattern is kept for every shape ever seen; batches have many.
            EnableMemoryPattern = false,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR,
            GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL,
        };
        // Waiting threads would burn the cores that tokenising and decoding need.
        session.AddSessionConfigEntry("session.intra_op.allow_spinning", "0");
        session.AddSessionConfigEntry("session.use_device_allocator_for_initializers", "1");
        // That fusion's kernel is not vectorised on CPUs: see BertGraph.
        if (!options.StockFusions)
            session.AddSessionConfigEntry("optimization.disable_specified_optimizers", "SkipLayerNormFusion");
        if (options.ProfilePrefix is not null)
        {
            session.ProfileOutputPathPrefix = options.ProfilePrefix;
            session.EnableProfiling = true;
        }
        return session;
    }

    internal static void EnsureEnvironment()
    {
        lock (EnvironmentGate)
        {
            if (OrtEnv.IsCreated)
                return;
            var creation = new EnvironmentCreationOptions { logId = "streaming", logLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR };
            OrtEnv.CreateInstanceWithOptions(ref creation).DisableTelemetryEvents();
        }
    }
}
