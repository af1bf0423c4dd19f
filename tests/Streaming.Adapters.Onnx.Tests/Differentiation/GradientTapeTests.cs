using Streaming.Adapters.Onnx.Differentiation;

namespace Streaming.Adapters.Onnx.Tests.Differentiation;

public sealed class GradientTapeTests : IDisposable
{
    private readonly GradientCheck _check = new();

    private GradientTape Tape => _check.Tape;

    public void Dispose() => _check.Dispose();

    [Theory]
    [InlineData(1f, 1f)]
    [InlineData(0.7f, -0.5f)]
    public void Linear_AnyScale_EqualsDifferences(float scale, float biasScale)
    {
        var output = Tape.Linear(_check.Input("x", true, "rows=3", 4), _check.Input("w", true, 5, 4), _check.Input("b", true, 5), scale, biasScale);

        _check.Check(output, "x", "w", "b");
    }

    [Fact]
    public void Linear_InputUsedTwice_AddsUp()
    {
        var x = _check.Input("x", true, "rows=3", 4);
        var w = _check.Input("w", true, 4, 4);

        _check.Check(Tape.Add(Tape.Linear(Tape.Linear(x, w, null), w, null), Tape.Linear(x, w, null)), "x", "w");
    }

    [Fact]
    public void Linear_FrozenWeight_HasNoDerivative()
    {
        var output = Tape.Linear(_check.Input("x", true, "rows=3", 4), _check.Input("w", false, 5, 4), _check.Input("b", false, 5));

        _check.Check(output, "x");
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void MatMul_AnyTransposition_EqualsDifferences(bool transposeA, bool transposeB)
    {
        var a = transposeA ? _check.Input("a", true, "n=2", 3, 4) : _check.Input("a", true, "n=2", 4, 3);
        var b = transposeB ? _check.Input("b", true, "n=2", 5, 3) : _check.Input("b", true, "n=2", 3, 5);

        _check.Check(Tape.MatMul(a, b, transposeA, transposeB, 0.6f), "a", "b");
    }

    [Fact]
    public void Add_BroadcastBothWays_SumsOverWhatWasStretched() =>
        _check.Check(Tape.Add(_check.Input("a", true, "n=2", 1, 3), _check.Input("b", true, 4, 1)), "a", "b");

    [Fact]
    public void Mul_BroadcastBothWays_SumsOverWhatWasStretched() =>
        _check.Check(Tape.Mul(_check.Input("a", true, "n=2", 1, 3), _check.Input("b", true, 4, 1)), "a", "b");

    [Fact]
    public void Mul_WithMask_DropsOut() => _check.Check(Tape.Mul(_check.Input("x", true, 3, 4), _check.Input("mask", false, 3, 4)), "x");

    [Fact]
    public void Softmax_Rows_EqualsDifferences() => _check.Check(Tape.Softmax(_check.Input("x", true, "n=2", 3, 5)), "x");

    [Fact]
    public void LayerNorm_Whole_EqualsDifferences() =>
        _check.Check(Tape.LayerNorm(_check.Input("x", true, "rows=3", 6), _check.Input("scale", true, 6), _check.Input("shift", true, 6), 1e-5f), "x", "scale", "shift");

    [Fact]
    public void LayerNorm_OnFrozenInput_StillLearnsScaleAndShift() =>
        _check.Check(Tape.LayerNorm(_check.Input("x", false, "rows=3", 6), _check.Input("scale", true, 6), _check.Input("shift", true, 6), 1e-5f), "scale", "shift");

    [Fact]
    public void ErrorGate_Values_EqualsDifferences() => _check.Check(Tape.ErrorGate(_check.Input("u", true, 3, 7)), "u");

    [Fact]
    public void Gelu_Values_EqualsDifferences() => _check.Check(Tape.Gelu(_check.Input("x", true, 3, 7)), "x");

    [Fact]
    public void FastGelu_Values_EqualsDifferences() => _check.Check(Tape.FastGelu(_check.Input("x", true, 3, 7)), "x");

    [Fact]
    public void Tanh_Values_EqualsDifferences() => _check.Check(Tape.Tanh(_check.Input("x", true, 3, 7)), "x");

    [Fact]
    public void Relu_AwayFromZero_EqualsDifferences()
    {
        // The four points of a difference must lie on one side of the bend.
        var x = _check.Input("x", true, 3, 7);
        _check.Check(Tape.Relu(Tape.Add(x, Tape.Scale(Tape.Tanh(Tape.Scale(x, 1000)), 0.2f))), "x");
    }

    [Fact]
    public void Concat_ThreeWidths_SplitsTheDerivative() =>
        _check.Check(Tape.Tanh(Tape.Concat(_check.Input("a", true, "rows=2", 3), _check.Input("b", false, "rows=2", 2), _check.Input("c", true, "rows=2", 4))), "a", "c");

    [Fact]
    public void ReshapeAndTranspose_SeveralOpenSizes_GoBackTheSameWay()
    {
        _check.Shape("split", ["batch", "sequence", 2, 3], [2, 4, 2, 3]);
        var x = _check.Input("x", true, "tokens=8", 6);
        var heads = Tape.Transpose(Tape.Reshape(x, "batch", "sequence", 2, 3), 0, 2, 1, 3);
        var product = Tape.MatMul(heads, heads, transposeB: true);
        var back = Tape.Reshape(Tape.Transpose(Tape.MatMul(product, heads), 0, 2, 1, 3), "tokens", 6);

        _check.Check(Tape.Mul(back, x), "x");
    }

    [Fact]
    public void Normalize_Rows_EqualsDifferences() => _check.Check(Tape.Normalize(_check.Input("x", true, 3, 5)), "x");

    [Fact]
    public void InverseRowLengths_OfMergedWeights_IsHeldConstant()
    {
        var lengths = Tape.InverseRowLengths(_check.Input("w", true, 4, 3), _check.Input("up", true, 4, 2), _check.Input("down", true, 2, 3), 0.5f);

        _check.Check(Tape.Mul(_check.Input("magnitude", true, 4), lengths), "magnitude");
    }

    [Fact]
    public void Differentiate_BranchWithoutEffect_HasNoDerivative()
    {
        var x = _check.Input("x", true, 3, 4);
        _ = Tape.Tanh(_check.Input("unused", true, 3, 4));

        _check.Check(Tape.Tanh(x), "x");
    }
}
