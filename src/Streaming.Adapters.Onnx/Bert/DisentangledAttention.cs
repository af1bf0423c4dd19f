using Streaming.Adapters.Onnx.Graphs;
using Streaming.Core.Models.Encoders;

namespace Streaming.Adapters.Onnx.Bert;

/// <summary>DeBERTa's attention, written from plain operators: what distances contribute is a product with a constant table, picked by distance.</summary>
internal sealed class DisentangledAttention(GraphBuilder graph, BertCheckpoint weights, RelativePositions relative)
{
    // Far below any score; representable in half precision, and its exponential is 0 in every precision.
    private const float Masked = -30_000;

    private readonly BertConfig _config = weights.Config;
    private readonly float[] _distances = weights.Distances();
    private string _range = "";
    private string _rows = "";
    private string _columns = "";
    private string _mask = "";

    private int Width => _config.Hidden / _config.Heads;

    /// <summary>Attention of a layer.</summary>
    /// <param name="projections">Query, key and value side by side.</param>
    /// <param name="ids">The graph's ids, for the length of a row.</param>
    /// <param name="lengths">Tokens of each row.</param>
    /// <param name="layer">From 0.</param>
    public string Attend(string projections, string ids, string lengths, int layer)
    {
        var parts = new[] { graph.Fresh("query"), graph.Fresh("key"), graph.Fresh("value") };
        graph.Node("Split", [projections, graph.Constant($"thirds_{layer}", [_config.Hidden, _config.Hidden, _config.Hidden], 3)], parts, "", new GraphAttribute("axis", -1L));
        var heads = graph.Constant($"by_heads_{layer}", [0L, 0L, _config.Heads, Width], 4);
        var query = ByHeads(parts[0], heads, 0, 2, 1, 3);
        var key = ByHeads(parts[1], heads, 0, 2, 1, 3);
        var value = ByHeads(parts[2], heads, 0, 2, 1, 3);

        query = graph.Node("Mul", [query, graph.Scalar(1 / MathF.Sqrt(Width * relative.Terms))]);
        var scores = graph.Node("MatMul", [query, graph.Node("Transpose", [key], "", new GraphAttribute("perm", [0L, 1L, 3L, 2L]))]);
        if (layer == 0)
            Prepare(ids, lengths, scores);
        if (relative.ContentToPosition)
        {
            var all = graph.Node("MatMul", [query, Table(layer, "key", 1)]);
            scores = graph.Node("Add", [scores, graph.Node("GatherElements", [all, _rows], "", new GraphAttribute("axis", 3L))]);
        }
        if (relative.PositionToContent)
        {
            var all = graph.Node("MatMul", [key, Table(layer, "query", 1 / MathF.Sqrt(Width * relative.Terms))]);
            var picked = graph.Node("GatherElements", [all, _columns], "", new GraphAttribute("axis", 3L));
            scores = graph.Node("Add", [scores, graph.Node("Transpose", [picked], "", new GraphAttribute("perm", [0L, 1L, 3L, 2L]))]);
        }
        var shares = graph.Node("Softmax", [graph.Node("Add", [scores, _mask])], "", new GraphAttribute("axis", -1L));
        var context = graph.Node("Transpose", [graph.Node("MatMul", [shares, value])], "", new GraphAttribute("perm", [0L, 2L, 1L, 3L]));
        return graph.Node("Reshape", [context, graph.Constant($"joined_{layer}", [0L, 0L, _config.Hidden], 3)]);
    }

    private string ByHeads(string value, string shape, params ReadOnlySpan<long> order) =>
        graph.Node("Transpose", [graph.Node("Reshape", [value, shape])], "", new GraphAttribute("perm", order.ToArray()));

    /// <summary>The distances through a projection, [heads, width, 2 · span]: constant, since neither depends on the text.</summary>
    private string Table(int layer, string part, float scale)
    {
        var dense = weights.DistanceAttention(layer, part);
        var (rows, hidden) = (2 * relative.Span, _config.Hidden);
        var table = new float[rows * hidden];
        var sums = new double[hidden];
        for (var row = 0; row < rows; row++)
        {
            for (var output = 0; output < hidden; output++)
                sums[output] = dense.Bias[output];
            for (var input = 0; input < hidden; input++)
            {
                double factor = _distances[(row * hidden) + input];
                for (var output = 0; output < hidden; output++)
                    sums[output] += factor * dense.Weight[(input * hidden) + output];
            }
            for (var output = 0; output < hidden; output++)
                table[(output * rows) + row] = (float)(sums[output] * scale);
        }
        return graph.Constant($"distance_{part}_{layer}", table, _config.Heads, Width, rows);
    }

    /// <summary>Which row of the tables belongs to a pair of tokens, and which keys are padding.</summary>
    private void Prepare(string ids, string lengths, string scores)
    {
        var most = _config.MaxSequence;
        var length = graph.Node("Shape", [ids], "", new("start", 1), new("end", 2));
        var places = new long[most];
        for (var i = 0; i < most; i++)
            places[i] = i;
        var rows = new long[(2 * most) - 1];
        for (var i = 0; i < rows.Length; i++)
            rows[i] = relative.RowOf(i - most + 1);
        _range = graph.Node("Slice", [graph.Constant("places", places, most), graph.Constant("first_place", [0L], 1), length, graph.Constant("place_axis", [0L], 1)]);
        var down = graph.Node("Unsqueeze", [_range, graph.Constant("as_column", [1L], 1)]);
        var distance = graph.Node("Add", [graph.Node("Sub", [down, _range]), graph.Constant("most_distance", [most - 1L], 1)]);
        var picked = graph.Node("Gather", [graph.Constant("distance_rows", rows, rows.Length), distance], "", new GraphAttribute("axis", 0L));
        var shape = graph.Node("Shape", [scores]);
        _rows = graph.Node("Expand", [picked, shape]);
        _columns = graph.Node("Expand", [graph.Node("Transpose", [picked], "", new GraphAttribute("perm", [1L, 0L])), shape]);
        var ends = graph.Node("Unsqueeze", [graph.Node("Cast", [lengths], "", new GraphAttribute("to", (long)ElementType.Int64)), graph.Constant("as_rows", [1L, 2L, 3L], 3)]);
        _mask = graph.Node("Where", [graph.Node("Less", [_range, ends]), graph.Scalar(0f), graph.Scalar(Masked)]);
    }
}
