namespace Streaming.Learning.Blending;

/// <summary>Names of <see cref="BlendStrategy"/> as people write them.</summary>
public static class BlendStrategies
{
    /// <summary>Every name, in the order of the enumeration.</summary>
    public static IReadOnlyList<string> Names => Core.Topology.BlendSection.Strategies;

    /// <summary>The name of a strategy.</summary>
    public static string NameOf(BlendStrategy strategy) => Names[(int)strategy];

    /// <summary>Reads a name.</summary>
    /// <exception cref="Core.StreamingException"><c>blend_unknown</c>.</exception>
    public static BlendStrategy Parse(string name)
    {
        for (var i = 0; i < Names.Count; i++)
        {
            if (Names[i] == name.Replace('-', '_'))
                return (BlendStrategy)i;
        }

        throw new Core.StreamingException("blend_unknown", $"There is no blend strategy '{name}'. Use one of {string.Join(", ", Names)}.");
    }
}
