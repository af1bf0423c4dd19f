using System.Runtime.InteropServices;

namespace Streaming.Adapters.Onnx.Graphs;

/// <summary>
/// Builds an ONNX model node by node. A value is known by its name; every helper returns the name of what it adds.
/// The same calls give the same bytes.
/// </summary>
/// <remarks>Message and field numbers: onnx.proto3 of https://github.com/onnx/onnx.</remarks>
/// <param name="prefix">Begins the names of values that are named here; keeps two graphs that share some apart.</param>
/// <param name="floats">What singles given as constants become: <see cref="ElementType.Float"/> or <see cref="ElementType.Float16"/>.</param>
public sealed class GraphBuilder(string prefix = "", ElementType floats = ElementType.Float)
{
    /// <summary>Domain of ONNX Runtime's own operators.</summary>
    public const string Microsoft = "com.microsoft";

    private const int IrVersion = 8;
    private const int OnnxOpset = 17;

    private readonly ProtoMessage _graph = new();
    private readonly ProtoMessage _initializers = new();
    private readonly ProtoMessage _inputs = new();
    private readonly ProtoMessage _outputs = new();
    private readonly Dictionary<string, string> _scalars = new(StringComparer.Ordinal);
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);
    private int _next;

    /// <summary>Declares an input. A dimension is a number or a name of a size that is known only when running.</summary>
    public string Input(string name, ElementType type, params ReadOnlySpan<object> shape)
    {
        _inputs.Message(11, ValueInfo(Unique(name), type, shape));
        return name;
    }

    /// <summary>Declares a value as an output under a name of its own.</summary>
    public void Output(string value, string name, ElementType type, params ReadOnlySpan<object> shape)
    {
        if (value != name)
            Node("Identity", [value], [Unique(name)]);
        _outputs.Message(12, ValueInfo(name, type, shape));
    }

    /// <summary>A constant tensor of singles, or of halves in a graph of halves. The array must not change afterwards.</summary>
    public string Constant(string name, float[] values, params ReadOnlySpan<long> shape) =>
        Constant(name, floats, floats == ElementType.Float ? ToBytes(values) : ToBytes(Array.ConvertAll(values, static value => (Half)Math.Clamp(value, -65504f, 65504f))), shape);

    /// <summary>A constant tensor of bytes.</summary>
    public string Constant(string name, sbyte[] values, params ReadOnlySpan<long> shape) =>
        Constant(name, ElementType.Int8, ToBytes(values), shape);

    /// <summary>A constant tensor of 64-bit integers.</summary>
    public string Constant(string name, long[] values, params ReadOnlySpan<long> shape) =>
        Constant(name, ElementType.Int64, ToBytes(values), shape);

    /// <summary>A single as a scalar; equal ones are shared.</summary>
    public string Scalar(float value) => SharedScalar(
        $"f{BitConverter.SingleToInt32Bits(value):x8}", floats, floats == ElementType.Float ? BitConverter.GetBytes(value) : BitConverter.GetBytes((Half)value));

    /// <summary>An unsigned byte as a scalar; equal ones are shared.</summary>
    public string Scalar(byte value) => SharedScalar($"u{value}", ElementType.UInt8, [value]);

    /// <summary>A signed byte as a scalar; equal ones are shared.</summary>
    public string Scalar(sbyte value) => SharedScalar($"s{value}", ElementType.Int8, [(byte)value]);

    /// <summary>Adds a node with one output.</summary>
    /// <param name="operation">Operator.</param>
    /// <param name="inputs">Names of values; an empty name is an optional input left out.</param>
    /// <param name="domain">Empty for ONNX's own, or <see cref="Microsoft"/>.</param>
    /// <param name="attributes">Attributes.</param>
    public string Node(string operation, ReadOnlySpan<string> inputs, string domain = "", params ReadOnlySpan<GraphAttribute> attributes)
    {
        var output = Fresh(operation);
        Node(operation, inputs, [output], domain, attributes);
        return output;
    }

    /// <summary>Adds a node whose outputs have names already.</summary>
    public void Node(string operation, ReadOnlySpan<string> inputs, ReadOnlySpan<string> outputs, string domain = "", params ReadOnlySpan<GraphAttribute> attributes)
    {
        var node = new ProtoMessage();
        foreach (var input in inputs)
            node.Text(1, input);
        foreach (var output in outputs)
            node.Text(2, output);
        node.Text(3, $"{operation}_{_next++}");
        node.Text(4, operation);
        foreach (var attribute in attributes)
            node.Message(5, attribute.ToMessage());
        if (domain.Length > 0)
            node.Text(7, domain);
        _graph.Message(1, node);
    }

    /// <summary>A name that nothing has yet.</summary>
    public string Fresh(string stem) => Unique($"{prefix}{stem}_out_{_next}");

    /// <summary>The whole model.</summary>
    /// <param name="name">Name of the graph.</param>
    public byte[] ToBytes(string name)
    {
        var graph = new ProtoMessage();
        graph.Append(_graph);
        graph.Text(2, name);
        graph.Append(_initializers);
        graph.Append(_inputs);
        graph.Append(_outputs);
        var model = new ProtoMessage();
        model.Varint(1, IrVersion);
        model.Text(2, "streaming");
        model.Message(7, graph);
        model.Message(8, Opset("", OnnxOpset));
        model.Message(8, Opset(Microsoft, 1));
        return model.ToBytes();
    }

    private static ProtoMessage Opset(string domain, long version)
    {
        var opset = new ProtoMessage();
        opset.Text(1, domain);
        opset.Varint(2, version);
        return opset;
    }

    private static ProtoMessage ValueInfo(string name, ElementType type, ReadOnlySpan<object> shape)
    {
        var dimensions = new ProtoMessage();
        foreach (var size in shape)
        {
            var dimension = new ProtoMessage();
            if (size is string symbol)
                dimension.Text(2, symbol);
            else
                dimension.Varint(1, Convert.ToInt64(size, System.Globalization.CultureInfo.InvariantCulture));
            dimensions.Message(1, dimension);
        }
        var tensor = new ProtoMessage();
        tensor.Varint(1, (long)type);
        tensor.Message(2, dimensions);
        var typeMessage = new ProtoMessage();
        typeMessage.Message(1, tensor);
        var info = new ProtoMessage();
        info.Text(1, name);
        info.Message(2, typeMessage);
        return info;
    }

    private static byte[] ToBytes<T>(T[] values)
        where T : unmanaged => MemoryMarshal.AsBytes(values.AsSpan()).ToArray();

    private string SharedScalar(string key, ElementType type, byte[] value)
    {
        if (!_scalars.TryGetValue(key, out var name))
            _scalars.Add(key, name = Constant($"scalar_{key}", type, value, []));
        return name;
    }

    private string Constant(string name, ElementType type, ReadOnlyMemory<byte> bytes, ReadOnlySpan<long> shape)
    {
        var tensor = new ProtoMessage();
        tensor.Packed(1, shape);
        tensor.Varint(2, (long)type);
        tensor.Text(8, Unique(name));
        tensor.Bytes(9, bytes);
        _initializers.Message(5, tensor);
        return name;
    }

    private string Unique(string name) =>
        _names.Add(name) ? name : throw new InvalidOperationException($"The graph has two values named '{name}': this is a bug.");
}
