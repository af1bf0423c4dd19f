namespace Streaming.Adapters.Onnx.Graphs;

/// <summary>Element types of ONNX tensors, with the numbers of <c>TensorProto.DataType</c>.</summary>
public enum ElementType
{
    /// <summary>Single precision.</summary>
    Float = 1,

    /// <summary>Unsigned 8-bit integer.</summary>
    UInt8 = 2,

    /// <summary>Signed 8-bit integer.</summary>
    Int8 = 3,

    /// <summary>Signed 32-bit integer.</summary>
    Int32 = 6,

    /// <summary>Signed 64-bit integer.</summary>
    Int64 = 7,

    /// <summary>Boolean.</summary>
    Bool = 9,

    /// <summary>Half precision.</summary>
    Float16 = 10,
}
