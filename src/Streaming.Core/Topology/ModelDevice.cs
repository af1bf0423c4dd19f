namespace Streaming.Core.Topology;

/// <summary>What the model runs on.</summary>
public enum ModelDevice
{
    /// <summary>A GPU when there is a usable one, else the CPU.</summary>
    Auto,

    /// <summary>The CPU.</summary>
    Cpu,

    /// <summary>An NVIDIA GPU; falls back to the CPU with a logged reason.</summary>
    Cuda,
}
