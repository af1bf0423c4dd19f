using Streaming.Adapters.Onnx.Graphs;
using Streaming.Core.Models.Encoders;

namespace Streaming.Adapters.Onnx.Bert;

/// <summary>Matrix products on bytes with constant activation scales: the same text gives the same numbers in any batch.</summary>
internal sealed class Int8Linear : IBertLinear
{
    private readonly GraphBuilder _graph;
    private readonly BertConfig _config;
    private readonly ActivationRanges _ranges;
    private readonly float _exponent;
    private readonly int _greatest;
    private readonly float[]?[] _contextSmoothing;

    public Int8Linear(GraphBuilder graph, BertConfig config, BertGraphOptions options)
    {
        (_graph, _config) = (graph, config);
        _ranges = options.Ranges ?? throw new InvalidOperationException("An int8 graph was asked for without activation ranges: this is a bug.");
        _exponent = options.SmoothingExponent;
        _greatest = (1 << (options.WeightBits - 1)) - 1;
        _contextSmoothing = new float[config.Layers][];
    }

    public string Lookup(float[] table, int rows, int width, string ids)
    {
        var (codes, scales) = Int8Quantizer.Rows(table, width);
        var words = _graph.Node("Gather", [_graph.Constant("words", codes, rows, width), ids], "", new GraphAttribute("axis", 0L));
        var scale = _graph.Node("Gather", [_graph.Constant("words_scale", scales, rows, 1), ids], "", new GraphAttribute("axis", 0L));
        return _graph.Node("Mul", [_graph.Node("Cast", [words], "", new GraphAttribute("to", (long)ElementType.Float)), scale]);
    }

    public void FoldAttentionOutput(int layer, ref Dense value, ref Dense output)
    {
        // Attention mixes tokens, never channels: dividing its output's channels is dividing the value projection's.
        var smoothing = Smoothing(layer, ActivationSite.AttentionOutput, output);
        value = value.DivideOutput(smoothing);
        output = output.AbsorbInput(smoothing);
        _contextSmoothing[layer] = smoothing;
    }

    public string Attend(Normalized hidden, string lengths, int layer, Dense projections)
    {
        var input = Quantize(hidden, layer, ActivationSite.Attention, ref projections);
        var (weight, scales) = Int8Quantizer.Columns(projections, _greatest);
        return _graph.Node(
            "QAttention",
            [
                input.Codes,
                _graph.Constant($"qkv_{layer}_weight", weight, projections.Inputs, projections.Outputs),
                _graph.Constant($"qkv_{layer}_bias", projections.Bias, projections.Outputs),
                input.Scale,
                _graph.Constant($"qkv_{layer}_scale", scales, projections.Outputs),
                lengths,
                input.ZeroPoint,
            ],
            GraphBuilder.Microsoft, new GraphAttribute("num_heads", (long)_config.Heads));
    }

    public string Apply(string input, int layer, ActivationSite site, Dense dense)
    {
        var quantized = Quantize(input, layer, site, ref dense);
        return Multiply(quantized, layer, site, dense);
    }

    public string Apply(Normalized input, int layer, ActivationSite site, Dense dense)
    {
        var quantized = Quantize(input, layer, site, ref dense);
        return Multiply(quantized, layer, site, dense);
    }

    private string Multiply((string Codes, string Scale, string ZeroPoint) quantized, int layer, ActivationSite site, Dense dense)
    {
        var (weight, scales) = Int8Quantizer.Columns(dense, _greatest);
        return _graph.Node(
            "MatMulIntegerToFloat",
            [
                quantized.Codes,
                _graph.Constant($"{site}_{layer}_weight", weight, dense.Inputs, dense.Outputs),
                quantized.Scale,
                _graph.Constant($"{site}_{layer}_scale", scales, dense.Outputs),
                quantized.ZeroPoint,
                "",
                _graph.Constant($"{site}_{layer}_bias", dense.Bias, dense.Outputs),
            ],
            GraphBuilder.Microsoft);
    }

    private float[] Smoothing(int layer, ActivationSite site, Dense dense) =>
        Int8Quantizer.Smoothing(_ranges.Least(layer, site), _ranges.Greatest(layer, site), dense, _exponent);

    private (string Codes, string Scale, string ZeroPoint) Quantize(Normalized input, int layer, ActivationSite site, ref Dense dense)
    {
        // The shift goes through the weights into the bias, exactly; what is quantised is centred.
        var least = Subtract(_ranges.Least(layer, site), input.Shift);
        var greatest = Subtract(_ranges.Greatest(layer, site), input.Shift);
        var smoothing = Int8Quantizer.Smoothing(least, greatest, dense, _exponent);
        dense = dense.AbsorbShift(input.Shift).AbsorbInput(smoothing);
        var factors = new float[smoothing.Length];
        for (var i = 0; i < factors.Length; i++)
            factors[i] = (input.Scale is null ? 1 : input.Scale[i]) / smoothing[i];
        var value = _graph.Node("Mul", [input.Value, _graph.Constant($"{site}_{layer}_smoothing", factors, factors.Length)]);
        return Quantize(value, Int8Quantizer.Activation(least, greatest, smoothing));
    }

    private (string Codes, string Scale, string ZeroPoint) Quantize(string input, int layer, ActivationSite site, ref Dense dense)
    {
        float[] smoothing;
        if (site == ActivationSite.AttentionOutput)
        {
            smoothing = _contextSmoothing[layer]!;
        }
        else
        {
            smoothing = Smoothing(layer, site, dense);
            dense = dense.AbsorbInput(smoothing);
            var inverse = Array.ConvertAll(smoothing, static factor => 1 / factor);
            input = _graph.Node("Mul", [input, _graph.Constant($"{site}_{layer}_smoothing", inverse, inverse.Length)]);
        }
        return Quantize(input, Int8Quantizer.Activation(_ranges.Least(layer, site), _ranges.Greatest(layer, site), smoothing));
    }

    private (string Codes, string Scale, string ZeroPoint) Quantize(string input, (float Scale, byte ZeroPoint) activation)
    {
        var scale = _graph.Scalar(activation.Scale);
        var zeroPoint = _graph.Scalar(activation.ZeroPoint);
        return (_graph.Node("QuantizeLinear", [input, scale, zeroPoint]), scale, zeroPoint);
    }

    private static float[] Subtract(ReadOnlySpan<float> values, ReadOnlySpan<float> shift)
    {
        var result = new float[values.Length];
        for (var i = 0; i < result.Length; i++)
            result[i] = values[i] - shift[i];
        return result;
    }
}
