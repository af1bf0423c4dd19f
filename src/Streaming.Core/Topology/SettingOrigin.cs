namespace Streaming.Core.Topology;

/// <summary>Where a setting's value came from.</summary>
public enum SettingOrigin
{
    /// <summary>Nobody set it.</summary>
    Default,

    /// <summary>A topology file.</summary>
    File,

    /// <summary>An environment variable <c>STREAMING__…</c>.</summary>
    Environment,
}
