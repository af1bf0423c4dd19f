namespace Streaming.Adapters.Onnx.Bert;

/// <summary>In what numbers an encoder computes.</summary>
public enum EncoderPrecision
{
    /// <summary>Single precision.</summary>
    Fp32,

    /// <summary>Half precision, sums of layer normalisation in single: for GPUs. CPUs without half-precision kernels convert on the way, slowly.</summary>
    Fp16,

    /// <summary>8-bit weights and activations, with scales fixed when the model is imported: a text's result does not depend on its neighbours.</summary>
    Int8,

    /// <summary>8-bit with activation scales taken over each batch, as stock tools write it. For comparison only: results depend on the batch.</summary>
    Int8Dynamic,
}
