using Streaming.Adapters.Onnx.Graphs;

namespace Streaming.Adapters.Onnx.Bert;

/// <summary>Matrix products in single precision.</summary>
internal sealed class Fp32Linear(GraphBuilder graph, BertConfig config) : IBertLinear
{
    public string Lookup(float[] table, int rows, string ids) =>
        graph.Node("Gather", [graph.Constant("words", table, rows, config.Hidden), ids], "", new GraphAttribute("axis", 0L));

    public void FoldAttentionOutput(int layer, ref Dense value, ref Dense output)
    {
    }

    public string Attend(string hidden, string lengths, int layer, Dense projections) => graph.Node(
        "Attention",
        [
            hidden,
            graph.Constant($"qkv_{layer}_weight", projections.Weight, projections.Inputs, projections.Outputs),
            graph.Constant($"qkv_{layer}_bias", projections.Bias, projections.Outputs),
            lengths,
        ],
        GraphBuilder.Microsoft, new GraphAttribute("num_heads", (long)config.Heads));

    public string Apply(string input, int layer, ActivationSite site, Dense dense)
    {
        var product = graph.Node("MatMul", [input, graph.Constant($"{site}_{layer}_weight", dense.Weight, dense.Inputs, dense.Outputs)]);
        return graph.Node("Add", [product, graph.Constant($"{site}_{layer}_bias", dense.Bias, dense.Outputs)]);
    }
}
