namespace Streaming.Adapters.Onnx.Differentiation;

/// <summary>A value of a forward graph that is being recorded.</summary>
internal sealed class TapeValue
{
    public TapeValue(string name, object[] shape, bool differentiable) => (Name, Shape, Differentiable) = (name, shape, differentiable);

    /// <summary>Its name in the forward graph.</summary>
    public string Name { get; }

    /// <summary>Dimensions: whole numbers, or names of sizes that are known only when running.</summary>
    public object[] Shape { get; }

    /// <summary>Whether the loss's derivative by it is needed: it is learnt, or something learnt is behind it.</summary>
    public bool Differentiable { get; }

    /// <summary>Whether it is fed from outside; then the backward graph is fed with it too, at no cost.</summary>
    public bool IsInput { get; init; }

    /// <summary>For reshaped values: the value with the same numbers, which is what is kept.</summary>
    public TapeValue? Whole { get; init; }

    /// <summary>Writes the nodes that make it again in the backward graph, for values that cost less to compute than to keep; null: it is kept.</summary>
    public Func<string>? Remake { get; init; }

    /// <summary>Width of the last dimension.</summary>
    public long Width => Convert.ToInt64(Shape[^1], System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>Whether two dimensions are the same.</summary>
    public static bool Same(object a, object b) => a is string || b is string
        ? Equals(a, b)
        : Convert.ToInt64(a, System.Globalization.CultureInfo.InvariantCulture) == Convert.ToInt64(b, System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>Whether a dimension is 1, whatever is run.</summary>
    public static bool IsOne(object dimension) => Same(dimension, 1L);
}
