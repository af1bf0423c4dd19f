namespace Streaming.Learning.Blending;

/// <summary>How human (original) and machine-made (distilled) labels share the epochs of a training.</summary>
public enum BlendStrategy
{
    /// <summary>Everything in every epoch.</summary>
    All,

    /// <summary>Distilled labels alone.</summary>
    Distilled,

    /// <summary>Original labels alone.</summary>
    Original,

    /// <summary>Distilled in the first half of the epochs, original in the second.</summary>
    SimpleMix,

    /// <summary>From distilled to original along a logistic curve.</summary>
    Sigmoid,

    /// <summary>From distilled to original along half a cosine.</summary>
    Cosine,

    /// <summary>From distilled to original along a power of the time.</summary>
    Power,
}
