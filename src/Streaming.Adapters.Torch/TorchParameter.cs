using Streaming.Learning.FineTuning;
using TorchSharp;
using static TorchSharp.torch;

namespace Streaming.Adapters.Torch;

/// <summary>A tensor of a model that is trained: its values, and what the optimiser keeps of it.</summary>
internal sealed class TorchParameter : IDisposable
{
    private Tensor? _first;
    private Tensor? _second;

    public TorchParameter(PlannedParameter planned, Device device)
    {
        Plan = planned with { Values = [] };
        Count = planned.Values.Length;
        using var scope = NewDisposeScope();
        Value = tensor(planned.Values, planned.Shape).to(device).requires_grad_(planned.Trainable).DetachFromDisposeScope();
    }

    /// <summary>What it is; without first values.</summary>
    public PlannedParameter Plan { get; }

    /// <summary>How many numbers.</summary>
    public int Count { get; }

    /// <summary>The numbers.</summary>
    public Tensor Value { get; }

    /// <summary>Derivatives since the last step; null when there are none.</summary>
    public Tensor? Gradient { get; private set; }

    /// <summary>Steps of the optimiser it has seen.</summary>
    public long Steps { get; private set; }

    /// <summary>Adds derivatives to those held.</summary>
    public void Add(Tensor derivatives)
    {
        if (Gradient is null)
            Gradient = derivatives.detach().DetachFromDisposeScope();
        else
            Gradient.add_(derivatives);
    }

    /// <summary>Lets the derivatives go.</summary>
    public void Forget()
    {
        Gradient?.Dispose();
        Gradient = null;
    }

    /// <summary>One step of AdamW on the derivatives held.</summary>
    /// <param name="rate">Learning rate of the step.</param>
    /// <param name="scale">The derivatives are multiplied by this.</param>
    /// <param name="options">The optimiser's numbers.</param>
    public void Step(double rate, double scale, TrainableModelOptions options)
    {
        using var scope = NewDisposeScope();
        _first ??= zeros_like(Value).detach().DetachFromDisposeScope();
        _second ??= zeros_like(Value).detach().DetachFromDisposeScope();
        Steps++;
        var derivatives = Gradient! * scale;
        _first.mul_(options.Beta1).add_(derivatives, 1 - options.Beta1);
        _second.mul_(options.Beta2).addcmul_(derivatives, derivatives, 1 - options.Beta2);
        var own = rate * Plan.RateFactor;
        if (Plan.Decays && options.WeightDecay > 0)
            Value.mul_(1 - (own * options.WeightDecay));
        var root = (_second / (1 - Math.Pow(options.Beta2, Steps))).sqrt_().add_(options.Epsilon);
        Value.addcdiv_(_first, root, -own / (1 - Math.Pow(options.Beta1, Steps)));
    }

    /// <summary>The numbers, copied.</summary>
    public float[] ToArray() => ToArray(Value);

    /// <summary>Everything that changes in training, copied.</summary>
    public TensorState ToState() => new(Plan.Name, ToArray(), Steps, Steps == 0 ? [] : ToArray(_first!), Steps == 0 ? [] : ToArray(_second!));

    /// <summary>Takes up a saved state.</summary>
    public void Take(TensorState state)
    {
        Forget();
        Write(state.Values);
        _first?.Dispose();
        _second?.Dispose();
        (_first, _second) = state.Steps == 0 ? (null, null) : (Of(state.First), Of(state.Second));
        Steps = state.Steps;
    }

    /// <summary>Replaces the numbers.</summary>
    public void Write(float[] values)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        Value.copy_(tensor(values, Plan.Shape));
    }

    public void Dispose()
    {
        Forget();
        _first?.Dispose();
        _second?.Dispose();
        Value.Dispose();
    }

    private Tensor Of(float[] values)
    {
        using var scope = NewDisposeScope();
        return tensor(values, Plan.Shape).to(Value.device).DetachFromDisposeScope();
    }

    private static float[] ToArray(Tensor values)
    {
        using var scope = NewDisposeScope();
        return values.detach().cpu().data<float>().ToArray();
    }
}
