namespace Streaming.Learning.Data;

/// <summary>Finds the folder that recipes' data files are relative to.</summary>
public static class DataRoot
{
    /// <summary>Names the folder that holds <c>data</c> and <c>models</c>.</summary>
    public const string Variable = "STREAMING_SHARED";

    /// <summary>What was asked for, else <c>data</c> in the folder that the environment names, else <c>../shared/data</c>.</summary>
    /// <param name="option">Value of <c>--data-root</c>, or null.</param>
    /// <param name="shared">Value of the environment variable, or null.</param>
    public static string Resolve(string? option, string? shared)
    {
        if (!string.IsNullOrEmpty(option))
            return option;
        return Path.Combine(string.IsNullOrEmpty(shared) ? Path.Combine("..", "shared") : shared, "data");
    }
}
