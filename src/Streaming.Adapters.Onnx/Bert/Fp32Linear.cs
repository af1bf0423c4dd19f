using Streaming.Adapters.Onnx.Graphs;
using Streaming.Core.Models.Encoders;

namespace Streaming.Adapters.Onnx.Bert;

/// <summary>Matrix products in single precision.</summary>
internal sealed class Fp32Linear(GraphBuilder graph, BertConfig config) : IBertLinear
{
    public string Lookup(float[] table, int rows, int width, string ids) =>
        graph.Node("Gather", [graph.Constant("words", table, rows, width), ids], "", new GraphAttribute("axis", 0L));

    public void FoldAttentionOutput(int layer, ref Dense value, ref Dense output)
    {
    }

    public string Attend(Normalized hidden, string lengths, int layer, Dense projections)
    {
        projections = Absorb(hidden, projections);
        return graph.Node(
        "Attention",
        [
            hidden.Value,
            graph.Constant($"qkv_{layer}_weight", projections.Weight, projections.Inputs, projections.Outputs),
            graph.Constant($"qkv_{layer}_bias", projections.Bias, projections.Outputs),
            lengths,
        ],
        GraphBuilder.Microsoft, new GraphAttribute("num_heads", (long)config.Heads));
    }

    public string Apply(Normalized input, int layer, ActivationSite site, Dense dense) =>
        Apply(input.Value, layer, site, Absorb(input, dense));

    public string Apply(string input, int layer, ActivationSite site, Dense dense)
    {
        var product = graph.Node("MatMul", [input, graph.Constant($"{site}_{layer}_weight", dense.Weight, dense.Inputs, dense.Outputs)]);
        return graph.Node("Add", [product, graph.Constant($"{site}_{layer}_bias", dense.Bias, dense.Outputs)]);
    }

    private static Dense Absorb(Normalized input, Dense dense) =>
        input.IsWhole ? dense : dense.AbsorbShift(input.Shift).AbsorbInput(input.Scale);
}
