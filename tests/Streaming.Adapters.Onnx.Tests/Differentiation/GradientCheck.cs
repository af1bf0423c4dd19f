using Microsoft.ML.OnnxRuntime;
using Streaming.Adapters.Onnx.Differentiation;
using Streaming.Adapters.Onnx.Running;

namespace Streaming.Adapters.Onnx.Tests.Differentiation;

/// <summary>Holds the backward graph of a few operators against differences of their forward graph.</summary>
internal sealed class GradientCheck : IDisposable
{
    private readonly GradientTape _tape = new();
    private readonly Dictionary<string, (float[] Values, long[] Shape)> _inputs = [];
    private readonly Dictionary<string, long[]> _shapes = [];
    private readonly Random _random = new(11);
    private readonly List<IDisposable> _open = [];

    public GradientTape Tape => _tape;

    /// <summary>An input with drawn values, whose dimensions may have names: "name=size".</summary>
    public TapeValue Input(string name, bool differentiable, params object[] shape)
    {
        var sizes = Array.ConvertAll(shape, static size => size is string text ? long.Parse(text.Split('=')[1], System.Globalization.CultureInfo.InvariantCulture) : Convert.ToInt64(size, System.Globalization.CultureInfo.InvariantCulture));
        var values = new float[sizes.Aggregate(1L, static (product, size) => product * size)];
        foreach (ref var value in values.AsSpan())
            value = (float)((_random.NextDouble() - 0.5) * 2);
        _inputs.Add(name, (values, sizes));
        return _tape.Input(name, differentiable, Array.ConvertAll(shape, static size => size is string text ? text.Split('=')[0] : size));
    }

    /// <summary>A shape with several open sizes.</summary>
    public void Shape(string name, object[] shape, long[] sizes)
    {
        _tape.ShapeInput(name, shape);
        _shapes.Add(name, sizes);
    }

    /// <summary>Checks every derivative by every value of every differentiable input, for a drawn weighting of the output.</summary>
    /// <param name="output">What is differentiated.</param>
    /// <param name="names">Inputs that must have derivatives, and no others.</param>
    public void Check(TapeValue output, params string[] names)
    {
        const double step = 1e-2, tolerance = 2e-3;
        _tape.Output(output);
        _tape.Differentiate(output);
        Assert.Equal(names.Order(StringComparer.Ordinal), _tape.Differentiated.Order(StringComparer.Ordinal));
        var forward = Keep(OnnxSessionFactory.Open(_tape.Forward(), new OnnxRunnerOptions { Device = "cpu" }, true).Session);
        var backward = Keep(OnnxSessionFactory.Open(_tape.Backward(), new OnnxRunnerOptions { Device = "cpu" }, true).Session);
        var first = Forward(forward);
        var result = first[output.Name];
        var seed = new float[result.GetTensorDataAsSpan<float>().Length];
        foreach (ref var value in seed.AsSpan())
            value = (float)(_random.NextDouble() - 0.5);
        first[GradientTape.SeedName(output.Name)] = Keep(OrtValue.CreateTensorValueFromMemory(seed, result.GetTensorTypeAndShape().Shape));
        var gradients = Keep(backward.Run(Keep(new RunOptions()), _tape.BackwardInputs, [.. _tape.BackwardInputs.Select(name => first.TryGetValue(name, out var value) ? value : Fed(name))], [.. _tape.Differentiated.Select(GradientTape.GradientName)]));

        for (var i = 0; i < _tape.Differentiated.Count; i++)
        {
            var values = _inputs[_tape.Differentiated[i]].Values;
            var derivatives = gradients[i].GetTensorDataAsSpan<float>().ToArray();
            Assert.Equal(values.Length, derivatives.Length);
            for (var place = 0; place < values.Length; place++)
            {
                // Four points: the error is of the fourth order, so steps may be wide enough for single precision.
                var expected = ((8 * (At(place, step) - At(place, -step))) - (At(place, 2 * step) - At(place, -2 * step))) / (12 * step);
                Assert.InRange(derivatives[place] - expected, -tolerance * Math.Max(1, Math.Abs(expected)), tolerance * Math.Max(1, Math.Abs(expected)));
            }

            double At(int place, double change)
            {
                var before = values[place];
                values[place] = (float)(before + change);
                var sum = 0.0;
                var outputs = Forward(forward)[output.Name].GetTensorDataAsSpan<float>();
                for (var j = 0; j < outputs.Length; j++)
                    sum += (double)outputs[j] * seed[j];
                values[place] = before;
                return sum;
            }
        }
    }

    public void Dispose()
    {
        for (var i = _open.Count - 1; i >= 0; i--)
            _open[i].Dispose();
    }

    private Dictionary<string, OrtValue> Forward(InferenceSession session)
    {
        var outputs = Keep(session.Run(Keep(new RunOptions()), _tape.ForwardInputs, [.. _tape.ForwardInputs.Select(Fed)], _tape.ForwardOutputs));
        return _tape.ForwardOutputs.Zip(outputs).ToDictionary(static pair => pair.First, static pair => pair.Second);
    }

    private OrtValue Fed(string name) => _shapes.TryGetValue(name, out var sizes)
        ? Keep(OrtValue.CreateTensorValueFromMemory(sizes, [sizes.Length]))
        : Keep(OrtValue.CreateTensorValueFromMemory(_inputs[name].Values, _inputs[name].Shape));

    private T Keep<T>(T value)
        where T : IDisposable
    {
        _open.Add(value);
        return value;
    }
}
