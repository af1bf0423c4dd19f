namespace Streaming.Cli.Doctor;

/// <summary>What a check found.</summary>
internal enum CheckState
{
    /// <summary>As it should be.</summary>
    Ok,

    /// <summary>Works, but not as well as it could, or only some topologies need it.</summary>
    Warning,

    /// <summary>Something needed is broken.</summary>
    Broken,
}

/// <summary>One thing that was looked at.</summary>
/// <param name="Group">Kind of thing: <c>machine</c>, <c>adapters</c>, <c>models</c>, <c>data</c> or <c>topologies</c>.</param>
/// <param name="Name">What it is, e.g. <c>onnxruntime</c>.</param>
/// <param name="State">How it is.</param>
/// <param name="Value">Version, name or count.</param>
/// <param name="Detail">Where it comes from, what is wrong, the way out; null when there is nothing to say.</param>
internal sealed record Check(string Group, string Name, CheckState State, string Value, string? Detail = null);
