using Streaming.Adapters.Onnx.Graphs;

namespace Streaming.Adapters.Onnx.Differentiation;

/// <summary>The operators: what BERT-family encoders and their heads are made of, each with its derivative.</summary>
internal sealed partial class GradientTape
{
    private static readonly float InverseRootTwo = (float)(1 / Math.Sqrt(2));
    private static readonly float LogTwoOverRootPi = (float)Math.Log(2 / Math.Sqrt(Math.PI));

    /// <summary>scale · x · Wᵀ + biasScale · b.</summary>
    /// <param name="x">[rows, inputs].</param>
    /// <param name="weight">[outputs, inputs], as checkpoints keep it.</param>
    /// <param name="bias">[outputs], or null.</param>
    /// <param name="scale">Costs nothing.</param>
    /// <param name="biasScale">Costs nothing.</param>
    public TapeValue Linear(TapeValue x, TapeValue weight, TapeValue? bias, float scale = 1, float biasScale = 1)
    {
        var name = _forward.Node("Gemm", bias is null ? [x.Name, weight.Name] : [x.Name, weight.Name, bias.Name], "",
            new("transB", 1L), new("alpha", scale), new("beta", biasScale));
        object[] shape = [x.Shape[0], weight.Shape[0]];
        var output = bias is null ? Result(name, shape, x, weight) : Result(name, shape, x, weight, bias);
        return Record(output, gradient =>
        {
            AccumulateOnto(x, before => _backward.Node("Gemm", before.Length > 0 ? [gradient, Saved(weight), before] : [gradient, Saved(weight)], "", new GraphAttribute("alpha", scale)));
            Accumulate(weight, () => _backward.Node("Gemm", [gradient, Saved(x)], "", new("transA", 1L), new("alpha", scale)));
            if (bias is not null)
                Accumulate(bias, () => Times(_backward, Sum(_backward, gradient, false, 0), biasScale));
        });
    }

    /// <summary>scale · a · b over the last two dimensions; the others are equal.</summary>
    public TapeValue MatMul(TapeValue a, TapeValue b, bool transposeA = false, bool transposeB = false, float scale = 1)
    {
        object[] shape = [.. a.Shape[..^2], a.Shape[transposeA ? ^1 : ^2], b.Shape[transposeB ? ^2 : ^1]];
        var output = Result(Product(_forward, a.Name, b.Name, transposeA, transposeB, scale), shape, a, b);
        return Record(output, gradient =>
        {
            Accumulate(a, () => transposeA
                ? Product(_backward, Saved(b), gradient, transposeB, true, scale)
                : Product(_backward, gradient, Saved(b), false, !transposeB, scale));
            Accumulate(b, () => transposeB
                ? Product(_backward, gradient, Saved(a), true, transposeA, scale)
                : Product(_backward, Saved(a), gradient, !transposeA, false, scale));
        });
    }

    /// <summary>a + b, each broadcast to the other.</summary>
    /// <param name="a">Left.</param>
    /// <param name="b">Right.</param>
    /// <param name="remade">Whether the backward pass makes it again: both sides are there anyway.</param>
    public TapeValue Add(TapeValue a, TapeValue b, bool remade = false)
    {
        var shape = Broadcast(a.Shape, b.Shape);
        return Record(Result("Add", shape, a, b, remade), gradient =>
        {
            Accumulate(a, () => Reduced(gradient, shape, a.Shape));
            Accumulate(b, () => Reduced(gradient, shape, b.Shape));
        });
    }

    /// <summary>a · b element by element, each broadcast to the other. Dropout is this, with a mask for b.</summary>
    /// <param name="a">Left.</param>
    /// <param name="b">Right.</param>
    /// <param name="remade">Whether the backward pass makes it again: both sides are there anyway.</param>
    public TapeValue Mul(TapeValue a, TapeValue b, bool remade = false)
    {
        var shape = Broadcast(a.Shape, b.Shape);
        return Record(Result("Mul", shape, a, b, remade), gradient =>
        {
            Accumulate(a, () => Reduced(_backward.Node("Mul", [gradient, Saved(b)]), shape, a.Shape));
            Accumulate(b, () => Reduced(_backward.Node("Mul", [gradient, Saved(a)]), shape, b.Shape));
        });
    }

    /// <summary>factor · x.</summary>
    public TapeValue Scale(TapeValue x, float factor) =>
        Record(Result(Times(_forward, x.Name, factor), x.Shape, x), gradient => Accumulate(x, () => Times(_backward, gradient, factor)));

    /// <summary>Softmax over the last dimension.</summary>
    public TapeValue Softmax(TapeValue x)
    {
        var output = Result(_forward.Node("Softmax", [x.Name], "", new GraphAttribute("axis", -1L)), x.Shape, x);
        return Record(output, gradient => Accumulate(x, () =>
        {
            var weighted = _backward.Node("Mul", [gradient, Saved(output)]);
            return _backward.Node("Sub", [weighted, _backward.Node("Mul", [Saved(output), Sum(_backward, weighted, true, -1)])]);
        }));
    }

    /// <summary>Layer normalisation over the last dimension (Ba, Kiros, Hinton 2016), with scale and shift.</summary>
    /// <remarks>From its parts: ONNX Runtime's own kernel is not vectorised on CPUs, five plain ones together take a fifth of its time.</remarks>
    public TapeValue LayerNorm(TapeValue x, TapeValue scale, TapeValue shift, float epsilon)
    {
        var centred = _forward.Node("Sub", [x.Name, Mean(_forward, x.Name)]);
        var variance = Mean(_forward, _forward.Node("Mul", [centred, centred]));
        var inverse = _forward.Node("Reciprocal", [_forward.Node("Sqrt", [_forward.Node("Add", [variance, _forward.Scalar(epsilon)])])]);
        var deviation = new TapeValue(inverse, [.. x.Shape[..^1], 1L], false);
        var normal = Result(_forward.Node("Mul", [centred, inverse]), x.Shape, x);
        Record(normal, gradient => Accumulate(x, () =>
        {
            var along = Mean(_backward, _backward.Node("Mul", [gradient, Saved(normal)]));
            var across = _backward.Node("Sub", [gradient, _backward.Node("Mul", [Saved(normal), along])]);
            return _backward.Node("Mul", [_backward.Node("Sub", [across, Mean(_backward, gradient)]), Saved(deviation)]);
        }));
        return Add(Mul(normal, scale, remade: true), shift, remade: true);
    }

    /// <summary>u · (1 + erf u). With u = x / √2 it is √2 · GELU(x) (Hendrycks, Gimpel 2016), and the factors go into the products around it.</summary>
    public TapeValue ErrorGate(TapeValue u)
    {
        var gate = new TapeValue(_forward.Node("Add", [_forward.Node("Erf", [u.Name]), _forward.Scalar(1f)]), u.Shape, u.Differentiable);
        return Record(Result("Mul", u.Shape, u, gate, remade: true), gradient => Accumulate(u, () =>
        {
            var exponent = _backward.Node("Sub", [_backward.Scalar(LogTwoOverRootPi), _backward.Node("Mul", [Saved(u), Saved(u)])]);
            var bell = _backward.Node("Mul", [_backward.Node("Exp", [exponent]), Saved(u)]);
            return _backward.Node("Mul", [gradient, _backward.Node("Add", [bell, Saved(gate)])]);
        }));
    }

    /// <summary>Exact GELU.</summary>
    public TapeValue Gelu(TapeValue x) => x.Differentiable
        ? Scale(ErrorGate(Scale(x, InverseRootTwo)), InverseRootTwo)
        : new TapeValue(_forward.Node("Gelu", [x.Name], GraphBuilder.Microsoft), x.Shape, false);

    /// <summary>GELU by a hyperbolic tangent.</summary>
    public TapeValue FastGelu(TapeValue x)
    {
        if (!x.Differentiable)
            return new TapeValue(_forward.Node("FastGelu", [x.Name], GraphBuilder.Microsoft), x.Shape, false);
        var inner = Scale(Add(x, Scale(Mul(Mul(x, x), x), 0.044715f)), (float)Math.Sqrt(2 / Math.PI));
        return Scale(Add(x, Mul(x, Tanh(inner))), 0.5f);
    }

    /// <summary>Hyperbolic tangent.</summary>
    public TapeValue Tanh(TapeValue x)
    {
        var output = Result(_forward.Node("Tanh", [x.Name]), x.Shape, x);
        return Record(output, gradient => Accumulate(x, () =>
            _backward.Node("Mul", [gradient, _backward.Node("Sub", [_backward.Scalar(1f), _backward.Node("Mul", [Saved(output), Saved(output)])])])));
    }

    /// <summary>max(0, x).</summary>
    public TapeValue Relu(TapeValue x)
    {
        var output = Result(_forward.Node("Relu", [x.Name]), x.Shape, x);
        return Record(output, gradient => Accumulate(x, () => _backward.Node("Mul", [gradient, _backward.Node("Sign", [Saved(output)])])));
    }

    /// <summary>The same numbers in another shape.</summary>
    public TapeValue Reshape(TapeValue x, params object[] shape)
    {
        var name = _forward.Node("Reshape", [x.Name, ShapeIn(_forward, shape)]);
        var output = new TapeValue(name, shape, x.Differentiable) { Whole = x.Whole ?? x };
        return Record(output, gradient => Accumulate(x, () => _backward.Node("Reshape", [gradient, ShapeIn(_backward, x.Shape)])));
    }

    /// <summary>Dimensions in another order.</summary>
    public TapeValue Transpose(TapeValue x, params long[] order)
    {
        var back = new long[order.Length];
        for (var i = 0; i < order.Length; i++)
            back[order[i]] = i;
        var output = Result(_forward.Node("Transpose", [x.Name], "", new GraphAttribute("perm", order)), Array.ConvertAll(order, axis => x.Shape[axis]), x);
        return Record(output, gradient => Accumulate(x, () => _backward.Node("Transpose", [gradient], "", new GraphAttribute("perm", back))));
    }

    /// <summary>Values side by side along the last dimension.</summary>
    public TapeValue Concat(params TapeValue[] values)
    {
        if (values.Length == 1)
            return values[0];
        var widths = Array.ConvertAll(values, static value => value.Width);
        var output = Result(_forward.Node("Concat", Array.ConvertAll(values, static value => value.Name), "", new GraphAttribute("axis", -1L)), [.. values[0].Shape[..^1], widths.Sum()], values);
        return Record(output, gradient =>
        {
            var stem = _backward.Fresh("part");
            string[] parts = [.. Enumerable.Range(0, values.Length).Select(i => $"{stem}_{i}")];
            _backward.Node("Split", [gradient, Whole(_backward, widths)], parts, "", new GraphAttribute("axis", -1L));
            for (var i = 0; i < parts.Length; i++)
            {
                var part = parts[i];
                Accumulate(values[i], () => part);
            }
        });
    }

    /// <summary>Rows of length 1: x / |x|.</summary>
    public TapeValue Normalize(TapeValue x)
    {
        const float tiny = 1e-12f;
        var squares = Sum(_forward, _forward.Node("Mul", [x.Name, x.Name]), true, -1);
        var length = _forward.Node("Sqrt", [_forward.Node("Add", [squares, _forward.Scalar(tiny)])]);
        var inverse = new TapeValue(_forward.Node("Reciprocal", [length]), [.. x.Shape[..^1], 1L], false);
        var output = Result(_forward.Node("Mul", [x.Name, inverse.Name]), x.Shape, x);
        return Record(output, gradient => Accumulate(x, () =>
        {
            var along = Sum(_backward, _backward.Node("Mul", [gradient, Saved(output)]), true, -1);
            return _backward.Node("Mul", [_backward.Node("Sub", [gradient, _backward.Node("Mul", [Saved(output), along])]), Saved(inverse)]);
        }));
    }

    /// <summary>1 / length of each row of W + scale · B · A, held constant: no derivative goes through it.</summary>
    /// <param name="weight">[outputs, inputs].</param>
    /// <param name="up">B, [outputs, rank].</param>
    /// <param name="down">A, [rank, inputs].</param>
    /// <param name="scale">Of the product.</param>
    public TapeValue InverseRowLengths(TapeValue weight, TapeValue up, TapeValue down, float scale)
    {
        var merged = _forward.Node("Gemm", [up.Name, down.Name, weight.Name], "", new GraphAttribute("alpha", scale));
        var lengths = _forward.Node("ReduceL2", [merged], "", new("axes", [1L]), new("keepdims", 0L));
        return new TapeValue(_forward.Node("Reciprocal", [lengths]), [weight.Shape[0]], false);
    }

    private TapeValue Result(string operation, object[] shape, TapeValue a, TapeValue b, bool remade) =>
        new(_forward.Node(operation, [a.Name, b.Name]), shape, a.Differentiable || b.Differentiable)
        {
            Remake = remade ? () => _backward.Node(operation, [Saved(a), Saved(b)]) : null,
        };

    private static string Product(GraphBuilder graph, string a, string b, bool transposeA, bool transposeB, float scale) =>
        graph.Node("FusedMatMul", [a, b], GraphBuilder.Microsoft, new("transA", transposeA ? 1L : 0L), new("transB", transposeB ? 1L : 0L), new("alpha", scale));

    private static string Mean(GraphBuilder graph, string value) =>
        graph.Node("ReduceMean", [value], "", new("axes", [-1L]), new("keepdims", 1L));

    private static string Times(GraphBuilder graph, string value, float factor) =>
        factor == 1 ? value : graph.Node("Mul", [value, graph.Scalar(factor)]);

    private static object[] Broadcast(object[] a, object[] b)
    {
        var shape = new object[Math.Max(a.Length, b.Length)];
        for (var i = 1; i <= shape.Length; i++)
        {
            var (left, right) = (i <= a.Length ? a[^i] : 1L, i <= b.Length ? b[^i] : 1L);
            if (!TapeValue.IsOne(left) && !TapeValue.IsOne(right) && !TapeValue.Same(left, right))
                throw new InvalidOperationException($"[{string.Join(", ", a)}] and [{string.Join(", ", b)}] do not go together: this is a bug.");
            shape[^i] = TapeValue.IsOne(left) ? right : left;
        }
        return shape;
    }

    /// <summary>A derivative by a broadcast value is summed over what it was broadcast to.</summary>
    private string Reduced(string gradient, object[] from, object[] to)
    {
        var missing = from.Length - to.Length;
        if (missing > 0)
            gradient = Sum(_backward, gradient, false, [.. Enumerable.Range(0, missing).Select(static axis => (long)axis)]);
        var stretched = Enumerable.Range(0, to.Length).Where(axis => TapeValue.IsOne(to[axis]) && !TapeValue.IsOne(from[axis + missing])).Select(static axis => (long)axis).ToArray();
        return stretched.Length > 0 ? Sum(_backward, gradient, true, stretched) : gradient;
    }
}
