using Streaming.Adapters.Onnx.Graphs;

namespace Streaming.Adapters.Onnx.Differentiation;

/// <summary>
/// Reverse-mode differentiation over ONNX graphs. Every operator adds its nodes to a forward graph and notes how to
/// differentiate itself; <see cref="Differentiate"/> then writes a backward graph, last operator first. What the backward
/// graph needs of the forward pass becomes an output there and an input here, under one name; what nothing learnt lies
/// behind is never differentiated.
/// </summary>
/// <remarks>
/// Two graphs and not one: between them lies the loss. So one pair serves every loss (cross-entropy, CRF, contrastive), each
/// computed outside from the logits, and none of them pays for a second forward pass. Griewank, Walther: Evaluating Derivatives, 2008.
/// </remarks>
/// <param name="prefix">Begins the names of values; keeps tapes apart whose values meet.</param>
internal sealed partial class GradientTape(string prefix = "")
{
    private readonly GraphBuilder _forward = new(prefix);
    private readonly GraphBuilder _backward = new(prefix + "b_");
    private readonly List<(TapeValue Output, Action<string> Emit)> _records = [];
    private readonly Dictionary<TapeValue, string> _gradients = [];
    private readonly Dictionary<string, TapeValue> _inputs = new(StringComparer.Ordinal);
    private readonly Dictionary<string, object[]> _shapes = new(StringComparer.Ordinal);
    private readonly HashSet<string> _backwardInputs = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _remade = new(StringComparer.Ordinal);
    private readonly Dictionary<(GraphBuilder Graph, string Values), string> _constants = [];
    private readonly List<string> _forwardOrder = [];
    private readonly List<string> _backwardOrder = [];
    private readonly List<string> _given = [];
    private readonly List<string> _gradientOrder = [];

    /// <summary>Names of what the forward graph is fed with.</summary>
    public IReadOnlyList<string> ForwardInputs => _forwardOrder;

    /// <summary>Names of what the forward graph gives out: declared outputs and what the backward graph needs.</summary>
    public IReadOnlyList<string> ForwardOutputs => _given;

    /// <summary>Names of what the backward graph is fed with: seeds, inputs of the forward graph, what that gave out.</summary>
    public IReadOnlyList<string> BackwardInputs => _backwardOrder;

    /// <summary>Names of the differentiable inputs that have a derivative, in the order of <see cref="GradientName"/>s given out.</summary>
    public IReadOnlyList<string> Differentiated => _gradientOrder;

    /// <summary>Name under which the backward graph gives out the derivative by an input.</summary>
    public static string GradientName(string input) => "d:" + input;

    /// <summary>Name under which the backward graph takes the derivative by a value that was given out.</summary>
    public static string SeedName(string output) => "s:" + output;

    /// <summary>Declares an input, once; asking again gives the same one.</summary>
    public TapeValue Input(string name, bool differentiable, params object[] shape)
    {
        if (_inputs.TryGetValue(name, out var known))
            return known;
        _forward.Input(name, ElementType.Float, shape);
        _forwardOrder.Add(name);
        var value = new TapeValue(name, shape, differentiable) { IsInput = true };
        _inputs.Add(name, value);
        return value;
    }

    /// <summary>Declares an input of 64-bit integers that holds a shape with more than one size known only when running.</summary>
    public void ShapeInput(string name, params object[] shape)
    {
        _forward.Input(name, ElementType.Int64, shape.Length);
        _forwardOrder.Add(name);
        _shapes.Add(name, shape);
    }

    /// <summary>Gives a value out, under its own name.</summary>
    public void Output(TapeValue value)
    {
        if (value.IsInput || _given.Contains(value.Name))
            return;
        _forward.Output(value.Name, value.Name, ElementType.Float, value.Shape);
        _given.Add(value.Name);
    }

    /// <summary>
    /// Writes the backward graph. It is fed with a derivative for each of <paramref name="values"/>, under its <see cref="SeedName"/> and in its
    /// shape, and gives out the derivatives by differentiable inputs.
    /// </summary>
    public void Differentiate(params ReadOnlySpan<TapeValue> values)
    {
        foreach (var value in values)
        {
            if (!value.Differentiable)
                continue;
            var seed = _backward.Input(SeedName(value.Name), ElementType.Float, value.Shape);
            _backwardOrder.Add(seed);
            Accumulate(value, () => seed);
        }
        for (var i = _records.Count - 1; i >= 0; i--)
        {
            var (output, emit) = _records[i];
            if (_gradients.Remove(output, out var gradient))
                emit(gradient);
        }
        foreach (var (name, input) in _inputs)
        {
            if (!_gradients.TryGetValue(input, out var gradient))
                continue;
            _backward.Output(gradient, GradientName(name), ElementType.Float, input.Shape);
            _gradientOrder.Add(name);
        }
    }

    /// <summary>The forward graph.</summary>
    public byte[] Forward() => _forward.ToBytes("forward");

    /// <summary>The backward graph.</summary>
    public byte[] Backward() => _backward.ToBytes("backward");

    private TapeValue Result(string name, object[] shape, params ReadOnlySpan<TapeValue> from)
    {
        var differentiable = false;
        foreach (var value in from)
            differentiable |= value.Differentiable;
        return new TapeValue(name, shape, differentiable);
    }

    private TapeValue Record(TapeValue output, Action<string> emit)
    {
        if (output.Differentiable)
            _records.Add((output, emit));
        return output;
    }

    /// <summary>A forward value's name in the backward graph; if it is not cheap to make again there, it is kept from now on.</summary>
    private string Saved(TapeValue value)
    {
        var again = value.Whole is { } whole ? () => _backward.Node("Reshape", [Saved(whole), ShapeIn(_backward, value.Shape)]) : value.Remake;
        if (again is not null && !_given.Contains(value.Name))
        {
            if (!_remade.TryGetValue(value.Name, out var made))
                _remade.Add(value.Name, made = again());
            return made;
        }
        if (_backwardInputs.Add(value.Name))
        {
            _backward.Input(value.Name, ElementType.Float, value.Shape);
            _backwardOrder.Add(value.Name);
            Output(value);
        }
        return value.Name;
    }

    /// <summary>Adds a part of the derivative by a value.</summary>
    private void Accumulate(TapeValue value, Func<string> part)
    {
        if (!value.Differentiable)
            return;
        var name = part();
        _gradients[value] = _gradients.TryGetValue(value, out var before) ? _backward.Node("Add", [before, name]) : name;
    }

    /// <summary>The same where the operator can add to what is there by itself: it is given that, or an empty name.</summary>
    private void AccumulateOnto(TapeValue value, Func<string, string> part)
    {
        if (value.Differentiable)
            _gradients[value] = part(_gradients.GetValueOrDefault(value, ""));
    }

    private string ShapeIn(GraphBuilder graph, object[] shape)
    {
        var open = Array.FindAll(shape, static size => size is string);
        if (open.Length <= 1)
            return Whole(graph, Array.ConvertAll(shape, static size => size is string ? -1L : Convert.ToInt64(size, System.Globalization.CultureInfo.InvariantCulture)));
        foreach (var (name, known) in _shapes)
        {
            if (known.Length != shape.Length || !known.Zip(shape).All(static pair => TapeValue.Same(pair.First, pair.Second)))
                continue;
            if (graph == _backward && _backwardInputs.Add(name))
            {
                _backward.Input(name, ElementType.Int64, shape.Length);
                _backwardOrder.Add(name);
            }
            return name;
        }
        throw new InvalidOperationException($"No input holds the shape [{string.Join(", ", shape)}]: this is a bug.");
    }

    /// <summary>A constant of whole numbers; equal ones are shared.</summary>
    private string Whole(GraphBuilder graph, params long[] values)
    {
        var key = (graph, string.Join('_', values));
        if (!_constants.TryGetValue(key, out var name))
            _constants.Add(key, name = graph.Constant($"whole_{key.Item2}", values, values.Length));
        return name;
    }

    private string Sum(GraphBuilder graph, string value, bool keep, params long[] axes) =>
        graph.Node("ReduceSum", [value, Whole(graph, axes)], "", new GraphAttribute("keepdims", keep ? 1L : 0L));
}
