using Streaming.Core.Models.Registry;

namespace Streaming.Core.Topology;

/// <summary>Which model a topology runs (<c>model:</c>).</summary>
public sealed record ModelSettings
{
    /// <summary>Name of a bundle in the model folder, <c>name@version</c>, or the path of a bundle folder.</summary>
    public string Bundle { get; init; } = "starter";

    /// <summary>Channel of the model registry to follow: what is promoted there is swapped in while the stream runs. Null: <see cref="Bundle"/> alone.</summary>
    public string? Channel { get; init; }

    /// <summary>Folder of the model registry; null: <c>registry</c> in the data folder.</summary>
    public string? Registry { get; init; }

    /// <summary>How a new model comes into force on the channel.</summary>
    public RolloutPlan Rollout { get; init; } = new();

    /// <summary>Bundles kept in the registry behind the one in force, 0–1,000; what the channel has left behind further goes after a promotion.</summary>
    public int KeepVersions { get; init; } = 5;

    /// <summary>What it runs on.</summary>
    public ModelDevice Device { get; init; } = ModelDevice.Auto;

    /// <summary>Threads within one model call, 0–256; 0 chooses for the device.</summary>
    public int Threads { get; init; }

    /// <summary>Most windows of one document that the model sees, 0–10,000; 0 sees all. What is left out lowers the document's coverage.</summary>
    public int MaxWindows { get; init; }
}
