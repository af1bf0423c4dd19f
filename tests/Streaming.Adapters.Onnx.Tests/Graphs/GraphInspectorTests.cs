using Microsoft.ML.OnnxRuntime;
using Streaming.Adapters.Onnx.Bert;
using Streaming.Adapters.Onnx.Graphs;
using Streaming.Adapters.Onnx.Running;
using Streaming.Core;

namespace Streaming.Adapters.Onnx.Tests.Graphs;

public sealed class GraphInspectorTests
{
    [Fact]
    public void Inspect_OwnGraphs_Pass() => GraphInspector.Inspect(Tiny());

    [Theory]
    [InlineData("../../etc/passwd")]
    [InlineData("weights.bin")]
    public void Inspect_ExternalInitializer_IsRefused(string location)
    {
        var entry = new ProtoMessage();
        entry.Text(1, "location");
        entry.Text(2, location);
        var tensor = new ProtoMessage();
        tensor.Text(8, "w");
        tensor.Message(13, entry);
        tensor.Varint(14, 1);

        AssertRefused("model_external_data_refused", Model(5, tensor));
    }

    [Fact]
    public void Inspect_ExternalLocationWithoutEntry_IsRefused()
    {
        var tensor = new ProtoMessage();
        tensor.Varint(14, 1);

        AssertRefused("model_external_data_refused", Model(5, tensor));
    }

    [Theory]
    [InlineData(5)]
    [InlineData(10)]
    public void Inspect_ExternalTensorInAttribute_IsRefused(int field)
    {
        var tensor = new ProtoMessage();
        tensor.Varint(14, 1);

        AssertRefused("model_external_data_refused", Model(1, Node(field, tensor)));
    }

    [Theory]
    [InlineData(6)]
    [InlineData(11)]
    [InlineData(22)]
    [InlineData(23)]
    public void Inspect_SubgraphOrSparseAttribute_IsRefused(int field) =>
        AssertRefused("model_graph_refused", Model(1, Node(field, new ProtoMessage())));

    [Fact]
    public void Inspect_SparseInitializer_IsRefused() => AssertRefused("model_graph_refused", Model(15, new ProtoMessage()));

    [Theory]
    [InlineData(20)]
    [InlineData(25)]
    public void Inspect_TrainingOrFunctions_IsRefused(int field)
    {
        var model = new ProtoMessage();
        model.Message(7, new ProtoMessage());
        model.Message(field, new ProtoMessage());

        AssertRefused("model_graph_refused", model.ToBytes());
    }

    [Theory]
    [InlineData(new byte[0])]
    [InlineData(new byte[] { 0 })]
    [InlineData(new byte[] { 0x3A })]
    [InlineData(new byte[] { 0x3A, 0x05 })]
    [InlineData(new byte[] { 0x38, 0x01 })]
    [InlineData(new byte[] { 0x3A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01 })]
    [InlineData(new byte[] { 0x08, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01 })]
    [InlineData(new byte[] { 0x3A, 0x00, 0x3A, 0x00 })]
    [InlineData(new byte[] { 0x3B, 0x3C })]
    [InlineData(new byte[] { 0x7B, 0x22, 0x61, 0x22, 0x7D })]
    public void Inspect_NotAModel_IsRefused(byte[] bytes) => AssertRefused("model_graph_invalid", bytes);

    [Fact]
    public void Open_EveryTruncation_IsRefused()
    {
        var bytes = Tiny();
        for (var length = 0; length < bytes.Length; length += 97)
        {
            var error = Assert.Throws<StreamingException>(() => OnnxModelRunner.Open(bytes[..length], TinyBert.Manifest()));
            Assert.StartsWith("model_graph_", error.Code, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Open_RandomDamage_RefusesOrRuns()
    {
        var random = new Random(11);
        var good = Tiny();
        for (var round = 0; round < 150; round++)
        {
            var bytes = (byte[])good.Clone();
            for (var change = 0; change <= round % 3; change++)
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            try
            {
                await using var runner = OnnxModelRunner.Open(bytes, TinyBert.Manifest());
            }
            catch (StreamingException e)
            {
                Assert.StartsWith("model_", e.Code, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public void ToBytes_LoadedByOnnxRuntime_HasDeclaredInputsAndOutputs()
    {
        using var session = new InferenceSession(Tiny());

        Assert.Equal([EncoderNames.InputIds, EncoderNames.Lengths], session.InputNames);
        Assert.Equal(["layer_0", "layer_1", "layer_2"], session.OutputNames);
    }

    [Fact]
    public void Input_NameTaken_IsABug()
    {
        var graph = new GraphBuilder();
        graph.Input("x", ElementType.Float, 1);

        Assert.Throws<InvalidOperationException>(() => graph.Constant("x", [1f], 1));
    }

    private static byte[] Tiny() => BertGraph.Write(new TinyBert().Checkpoint(), new BertGraphOptions { Layers = [0, 1, 2] });

    private static ProtoMessage Node(int attributeField, ProtoMessage value)
    {
        var attribute = new ProtoMessage();
        attribute.Message(attributeField, value);
        var node = new ProtoMessage();
        node.Message(5, attribute);
        return node;
    }

    private static byte[] Model(int graphField, ProtoMessage value)
    {
        var graph = new ProtoMessage();
        graph.Message(graphField, value);
        var model = new ProtoMessage();
        model.Message(7, graph);
        return model.ToBytes();
    }

    private static void AssertRefused(string code, byte[] model) =>
        Assert.Equal(code, Assert.Throws<StreamingException>(() => GraphInspector.Inspect(model)).Code);
}
