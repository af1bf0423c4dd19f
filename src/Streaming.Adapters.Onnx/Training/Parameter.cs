using Microsoft.ML.OnnxRuntime;
using Streaming.Learning.FineTuning;

namespace Streaming.Adapters.Onnx.Training;

/// <summary>A tensor of a model that is trained: its values, and what the optimiser keeps of it.</summary>
internal sealed class Parameter : IDisposable
{
    private float[]? _scratch;
    private OrtValue? _bound;

    public Parameter(PlannedParameter planned)
    {
        (Name, Shape) = (planned.Name, planned.Shape);
        (Trainable, Decays, RateFactor, Exported) = (planned.Trainable, planned.Decays, planned.RateFactor, planned.Exported);
        Values = GC.AllocateUninitializedArray<float>(planned.Values.Length, pinned: true);
        planned.Values.CopyTo(Values, 0);
    }

    public string Name { get; }

    public long[] Shape { get; }

    /// <summary>Its numbers, at a place in memory that never changes.</summary>
    public float[] Values { get; }

    /// <summary>Whether it is learnt.</summary>
    public bool Trainable { get; }

    /// <summary>Whether weight decay pulls at it: at matrices, not at biases and normalisations.</summary>
    public bool Decays { get; }

    /// <summary>Its learning rate is the step's times this.</summary>
    public double RateFactor { get; }

    /// <summary>Whether it leaves the model under its own name; adapters leave it inside the matrices they belong to.</summary>
    public bool Exported { get; }

    /// <summary>Derivatives since the last step, where <see cref="Held"/>.</summary>
    public float[] Gradient { get; private set; } = [];

    /// <summary>Whether there are derivatives since the last step.</summary>
    public bool Held { get; set; }

    /// <summary>Mean of the derivatives.</summary>
    public float[] First { get; private set; } = [];

    /// <summary>Mean of their squares.</summary>
    public float[] Second { get; private set; } = [];

    /// <summary>Steps of the optimiser it has seen.</summary>
    public long Steps { get; set; }

    /// <summary>The values for ONNX Runtime, in place.</summary>
    public OrtValue Bound => _bound ??= OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, Values.AsMemory(), Shape);

    /// <summary>Where the next derivatives go: straight to <see cref="Gradient"/>, or beside it when there are some.</summary>
    public float[] Receiver()
    {
        if (!Held)
        {
            EnsureGradient();
            return Gradient;
        }
        return _scratch ??= GC.AllocateUninitializedArray<float>(Values.Length, pinned: true);
    }

    /// <summary>Takes up what was written to <see cref="Receiver"/>.</summary>
    public void Received()
    {
        if (Held)
            System.Numerics.Tensors.TensorPrimitives.Add(Gradient, _scratch!, Gradient);
        Held = true;
    }

    /// <summary>The gradient to add to in place, zero at first.</summary>
    public float[] Adding()
    {
        EnsureGradient();
        if (!Held)
            Array.Clear(Gradient);
        Held = true;
        return Gradient;
    }

    /// <summary>Makes room for the moments.</summary>
    public void EnsureMoments()
    {
        if (First.Length == 0)
            (First, Second) = (new float[Values.Length], new float[Values.Length]);
    }

    /// <summary>Takes up values and moments of a saved state.</summary>
    public void Take(TensorState state)
    {
        Held = false;
        Steps = state.Steps;
        state.Values.CopyTo(Values, 0);
        (First, Second) = (state.First, state.Second);
    }

    public void Dispose() => _bound?.Dispose();

    private void EnsureGradient()
    {
        if (Gradient.Length == 0)
            Gradient = GC.AllocateUninitializedArray<float>(Values.Length, pinned: true);
    }
}
