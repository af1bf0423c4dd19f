namespace Streaming.Contracts;

/// <summary>Names of one-word enum values as files, metrics and command lines write them.</summary>
public static class EnumNames
{
    /// <summary>The value's name in lower case, e.g. <c>entities</c>.</summary>
    public static string ToName<T>(this T value)
        where T : struct, Enum => value.ToString().ToLowerInvariant();
}
