namespace Streaming.Core.Topology;

/// <summary>A place in a topology file, or the environment variable a setting came from.</summary>
/// <param name="File">File name as it was given, or the name of an environment variable.</param>
/// <param name="Line">Line, counted from 1; 0 when the place is not in a file's text.</param>
/// <param name="Column">Column in UTF-16 code units, counted from 1; 0 when the place is not in a file's text.</param>
public readonly record struct TextPosition(string File, int Line, int Column)
{
    /// <inheritdoc/>
    public override string ToString() => Line > 0 ? $"{File}:{Line}:{Column}" : File;
}
