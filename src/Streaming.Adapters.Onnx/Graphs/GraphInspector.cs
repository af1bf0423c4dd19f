using Streaming.Core;
using Streaming.Core.Models.Bundle;

namespace Streaming.Adapters.Onnx.Graphs;

/// <summary>
/// Looks through an ONNX model before ONNX Runtime sees it, and refuses what an encoder never needs and a hostile file
/// could use: weights outside the file, control flow (which may never end), functions, training graphs, sparse tensors.
/// </summary>
public static class GraphInspector
{
    /// <summary>Refuses a model that is not a plain, self-contained graph.</summary>
    /// <exception cref="StreamingException"><c>model_graph_invalid</c>, <c>model_graph_refused</c>, <c>model_external_data_refused</c>.</exception>
    public static void Inspect(ReadOnlySpan<byte> model)
    {
        var graphs = 0;
        var reader = new ProtoReader(model, Invalid);
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 7:
                    graphs++;
                    Graph(reader.Message());
                    break;
                case 20 or 25:
                    throw Refused(field == 20 ? "training graphs" : "functions");
                default:
                    reader.Skip();
                    break;
            }
        }
        if (graphs != 1)
            throw Invalid("it has no graph, or more than one");
    }

    private static void Graph(ReadOnlySpan<byte> graph)
    {
        var reader = new ProtoReader(graph, Invalid);
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1:
                    Node(reader.Message());
                    break;
                case 5:
                    Tensor(reader.Message());
                    break;
                case 15:
                    throw Refused("sparse tensors");
                default:
                    reader.Skip();
                    break;
            }
        }
    }

    private static void Node(ReadOnlySpan<byte> node)
    {
        var reader = new ProtoReader(node, Invalid);
        while (reader.Next(out var field))
        {
            if (field == 5)
                Attribute(reader.Message());
            else
                reader.Skip();
        }
    }

    private static void Attribute(ReadOnlySpan<byte> attribute)
    {
        var reader = new ProtoReader(attribute, Invalid);
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 5 or 10:
                    Tensor(reader.Message());
                    break;
                case 6 or 11:
                    throw Refused("control flow");
                case 22 or 23:
                    throw Refused("sparse tensors");
                default:
                    reader.Skip();
                    break;
            }
        }
    }

    private static void Tensor(ReadOnlySpan<byte> tensor)
    {
        var reader = new ProtoReader(tensor, Invalid);
        while (reader.Next(out var field))
        {
            // 13 says where outside, 14 that it is outside: either is enough.
            if (field == 13 || (field == 14 && reader.Varint() != 0))
                throw new StreamingException("model_external_data_refused", "The ONNX model keeps weights in another file. A bundle's encoder has to be one file; import the model again.");
            if (field != 14)
                reader.Skip();
        }
    }

    private static StreamingException Invalid(string reason) =>
        new("model_graph_invalid", $"The ONNX model is refused: {reason}. Restore the bundle or import the model again.");

    private static StreamingException Refused(string what) =>
        new("model_graph_refused", $"The ONNX model uses {what}, which an encoder does not need and this program does not run. Import the model again with `streaming models import`.");
}
