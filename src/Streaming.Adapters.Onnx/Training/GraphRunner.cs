using Microsoft.ML.OnnxRuntime;
using Streaming.Adapters.Onnx.Differentiation;
using Streaming.Adapters.Onnx.Running;
using Streaming.Contracts;
using Streaming.Core;

namespace Streaming.Adapters.Onnx.Training;

/// <summary>Sessions of a forward graph and, in training, of the backward graph that belongs to it. They hold no weights.</summary>
internal sealed class GraphRunner : IDisposable
{
    private readonly InferenceSession _forward;
    private readonly InferenceSession? _backward;
    private readonly RunOptions _runOptions = new();
    private readonly GradientTape _tape;
    private readonly OrtMemoryInfo _memory = OrtMemoryInfo.DefaultInstance;

    public GraphRunner(GradientTape tape, IReadOnlyList<DropoutMask> masks, OnnxRunnerOptions options)
    {
        (_tape, Masks) = (tape, masks);
        (_forward, Device) = OnnxSessionFactory.Open(_tape.Forward(), options, singlePrecision: true);
        if (_tape.Differentiated.Count > 0)
            (_backward, _) = OnnxSessionFactory.Open(_tape.Backward(), options, singlePrecision: true);
        if (Device.StartsWith("cuda:", StringComparison.Ordinal))
            _memory = new OrtMemoryInfo(OrtMemoryInfo.allocatorCUDA, OrtAllocatorType.DeviceAllocator, int.Parse(Device.AsSpan("cuda:".Length), System.Globalization.CultureInfo.InvariantCulture), OrtMemType.Default);
    }

    /// <summary>Where it runs.</summary>
    public string Device { get; }

    /// <summary>Dropout masks it is fed with.</summary>
    public IReadOnlyList<DropoutMask> Masks { get; }

    /// <summary>What the backward pass gives derivatives by.</summary>
    public IReadOnlyList<string> Differentiated => _tape.Differentiated;

    /// <summary>A forward pass. What it gives stays on the device, where the backward pass needs it.</summary>
    /// <param name="find">Values by name.</param>
    /// <param name="kept">Receives what is given out and what the backward pass needs, by name; the caller's to dispose of.</param>
    /// <param name="read">The one that the caller reads itself; null: none.</param>
    public void Forward(Func<string, OrtValue> find, Dictionary<string, OrtValue> kept, string? read)
    {
        try
        {
            using var binding = _forward.CreateIoBinding();
            foreach (var name in _tape.ForwardInputs)
                binding.BindInput(name, find(name));
            var outputs = _tape.ForwardOutputs;
            foreach (var name in outputs)
                binding.BindOutputToDevice(name, name == read ? OrtMemoryInfo.DefaultInstance : _memory);
            var values = _forward.RunWithBoundResults(_runOptions, binding);
            for (var i = 0; i < outputs.Count; i++)
                kept.Add(outputs[i], values[i]);
        }
        catch (OnnxRuntimeException e)
        {
            throw Failed(e);
        }
    }

    /// <summary>The backward pass.</summary>
    /// <param name="find">Values by name: the seed, inputs, what the forward pass gave.</param>
    /// <param name="receivers">Where derivatives go, in the order of <see cref="Differentiated"/>.</param>
    public void Backward(Func<string, OrtValue> find, IReadOnlyCollection<OrtValue> receivers)
    {
        if (_backward is null)
            return;
        try
        {
            _backward.Run(_runOptions, _tape.BackwardInputs, [.. _tape.BackwardInputs.Select(find)], [.. _tape.Differentiated.Select(GradientTape.GradientName)], receivers);
        }
        catch (OnnxRuntimeException e)
        {
            throw Failed(e);
        }
    }

    public void Dispose()
    {
        _forward.Dispose();
        _backward?.Dispose();
        _runOptions.Dispose();
        if (_memory != OrtMemoryInfo.DefaultInstance)
            _memory.Dispose();
    }

    private static StreamingException Failed(OnnxRuntimeException e) =>
        new(ErrorCodes.ModelFailed, $"ONNX Runtime could not compute a training step: {e.Message.ReplaceLineEndings(" ")} Smaller batches need less memory.", ExitCode.DependencyUnavailable, e);
}
