namespace Streaming.Core.Models.Bundle;

/// <summary>Tensors by name, from one safetensors file or several.</summary>
public interface ITensorSource
{
    /// <summary>Every tensor by name.</summary>
    IReadOnlyDictionary<string, SafetensorsTensor> Tensors { get; }

    /// <summary>A tensor's elements as singles, widened or rounded from any floating type; row-major.</summary>
    /// <param name="name">Name of the tensor.</param>
    /// <param name="shape">The shape it must have.</param>
    /// <exception cref="StreamingException"><c>safetensors_tensor_missing</c> or <c>safetensors_tensor_unsuitable</c>.</exception>
    float[] ReadSingles(string name, params ReadOnlySpan<long> shape);
}
