namespace Streaming.Adapters.Onnx.Bert;

/// <summary>A place in a layer whose activations go into a matrix product.</summary>
public enum ActivationSite
{
    /// <summary>The layer's input, read by query, key and value.</summary>
    Attention,

    /// <summary>What attention gives, read by its output projection.</summary>
    AttentionOutput,

    /// <summary>Read by the first feed-forward projection.</summary>
    Up,

    /// <summary>Behind the activation function, read by the second feed-forward projection.</summary>
    Down,
}
