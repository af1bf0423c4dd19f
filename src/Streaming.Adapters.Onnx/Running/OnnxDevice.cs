using System.Globalization;

namespace Streaming.Adapters.Onnx.Running;

/// <summary>Where a session runs.</summary>
/// <param name="Kind">What was asked for.</param>
/// <param name="Index">Which GPU.</param>
internal readonly record struct OnnxDevice(OnnxDeviceKind Kind, int Index)
{
    public static bool TryParse(string? text, out OnnxDevice device)
    {
        device = default;
        switch (text)
        {
            case "auto":
                return true;
            case "cpu":
                device = new OnnxDevice(OnnxDeviceKind.Cpu, 0);
                return true;
            case "cuda":
                device = new OnnxDevice(OnnxDeviceKind.Cuda, 0);
                return true;
        }
        if (text is null || !text.StartsWith("cuda:", StringComparison.Ordinal)
            || !int.TryParse(text.AsSpan(5), NumberStyles.None, CultureInfo.InvariantCulture, out var index) || index > 255)
        {
            return false;
        }
        device = new OnnxDevice(OnnxDeviceKind.Cuda, index);
        return true;
    }
}

/// <summary>Kinds of device.</summary>
internal enum OnnxDeviceKind
{
    /// <summary>The best that works.</summary>
    Auto,

    /// <summary>The processor.</summary>
    Cpu,

    /// <summary>An NVIDIA GPU.</summary>
    Cuda,
}
