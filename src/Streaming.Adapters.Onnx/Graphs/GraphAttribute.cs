namespace Streaming.Adapters.Onnx.Graphs;

/// <summary>An attribute of a node: a whole number, a real one, or a list of whole numbers.</summary>
public readonly struct GraphAttribute
{
    private readonly string _name;
    private readonly long _integer;
    private readonly float _real;
    private readonly long[]? _integers;
    private readonly bool _isReal;

    /// <summary>A whole number.</summary>
    public GraphAttribute(string name, long value) => (_name, _integer) = (name, value);

    /// <summary>A real number.</summary>
    public GraphAttribute(string name, float value) => (_name, _real, _isReal) = (name, value, true);

    /// <summary>Whole numbers.</summary>
    public GraphAttribute(string name, params long[] values) => (_name, _integers) = (name, values);

    internal ProtoMessage ToMessage()
    {
        const int name = 1, real = 2, integer = 3, integers = 8, type = 20;
        const int realType = 1, integerType = 2, integersType = 7;
        var message = new ProtoMessage();
        message.Text(name, _name);
        if (_integers is not null)
        {
            message.Packed(integers, _integers);
            message.Varint(type, integersType);
        }
        else if (_isReal)
        {
            message.Single(real, _real);
            message.Varint(type, realType);
        }
        else
        {
            message.Varint(integer, _integer);
            message.Varint(type, integerType);
        }
        return message;
    }
}
