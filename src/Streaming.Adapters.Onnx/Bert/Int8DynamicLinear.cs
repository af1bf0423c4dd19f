using Streaming.Adapters.Onnx.Graphs;
using Streaming.Core.Models.Encoders;

namespace Streaming.Adapters.Onnx.Bert;

/// <summary>Matrix products on bytes with activation scales taken over the batch: what stock tools write, kept to compare with.</summary>
internal sealed class Int8DynamicLinear(GraphBuilder graph, BertConfig config) : IBertLinear
{
    public string Lookup(float[] table, int rows, int width, string ids)
    {
        var (codes, scales) = Int8Quantizer.Rows(table, width);
        var words = graph.Node("Gather", [graph.Constant("words", codes, rows, width), ids], "", new GraphAttribute("axis", 0L));
        var scale = graph.Node("Gather", [graph.Constant("words_scale", scales, rows, 1), ids], "", new GraphAttribute("axis", 0L));
        return graph.Node("Mul", [graph.Node("Cast", [words], "", new GraphAttribute("to", (long)ElementType.Float)), scale]);
    }

    public void FoldAttentionOutput(int layer, ref Dense value, ref Dense output)
    {
    }

    public string Attend(Normalized hidden, string lengths, int layer, Dense projections)
    {
        var (weight, scales) = Int8Quantizer.Columns(projections, sbyte.MaxValue);
        string codes = graph.Fresh($"qkv_{layer}_codes"), scale = graph.Fresh($"qkv_{layer}_range"), zero = graph.Fresh($"qkv_{layer}_offset");
        graph.Node("DynamicQuantizeLinear", [hidden.Value], [codes, scale, zero]);
        return graph.Node(
            "QAttention",
            [
                codes,
                graph.Constant($"qkv_{layer}_weight", weight, projections.Inputs, projections.Outputs),
                graph.Constant($"qkv_{layer}_bias", projections.Bias, projections.Outputs),
                scale,
                graph.Constant($"qkv_{layer}_scale", scales, projections.Outputs),
                lengths,
                zero,
            ],
            GraphBuilder.Microsoft, new GraphAttribute("num_heads", (long)config.Heads));
    }

    public string Apply(Normalized input, int layer, ActivationSite site, Dense dense) => Apply(input.Value, layer, site, dense);

    public string Apply(string input, int layer, ActivationSite site, Dense dense)
    {
        var (weight, scales) = Int8Quantizer.Columns(dense, sbyte.MaxValue);
        return graph.Node(
            "DynamicQuantizeMatMul",
            [
                input,
                graph.Constant($"{site}_{layer}_weight", weight, dense.Inputs, dense.Outputs),
                graph.Constant($"{site}_{layer}_scale", scales, dense.Outputs),
                "",
                graph.Constant($"{site}_{layer}_bias", dense.Bias, dense.Outputs),
            ],
            GraphBuilder.Microsoft);
    }
}
