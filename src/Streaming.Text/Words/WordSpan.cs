namespace Streaming.Text.Words;

/// <summary>A word of a text: UTF-16 units <c>[Start, End)</c>.</summary>
public readonly record struct WordSpan(int Start, int End)
{
    /// <summary>UTF-16 units.</summary>
    public int Length => End - Start;
}
