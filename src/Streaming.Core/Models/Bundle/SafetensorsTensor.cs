namespace Streaming.Core.Models.Bundle;

/// <summary>One tensor of a safetensors file.</summary>
/// <param name="Name">Its name, unique in the file.</param>
/// <param name="Type">Element type.</param>
/// <param name="Shape">Dimensions; empty for a scalar.</param>
/// <param name="Offset">First byte, counted from the start of the data section.</param>
/// <param name="Length">Number of bytes.</param>
public sealed record SafetensorsTensor(string Name, TensorType Type, IReadOnlyList<long> Shape, long Offset, long Length)
{
    /// <summary>Number of elements.</summary>
    public long Count => Length / SafetensorsHeader.SizeOf(Type);
}
