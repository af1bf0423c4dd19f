using System.Buffers;
using Streaming.Text.Heads;

namespace Streaming.Text.Analysis;

/// <summary>
/// What the heads have read of one document so far: logits of words that are not decoded yet, spans of those that are,
/// and a few sums a window. So a text of many megabytes needs room for a few windows, not for all of them.
/// </summary>
internal sealed class HeadState(int windows, int wordHeads, int textLogits, bool measure) : IDisposable
{
    private readonly float[]?[] _wordLogits = new float[windows][];
    private readonly bool[] _accepted = new bool[windows];
    private float[] _textLogits = ArrayPool<float>.Shared.Rent(Math.Max(1, checked(windows * textLogits)));
    private int _released;

    /// <summary>Spans found by each word head, in text order.</summary>
    internal List<TaggedSpan>[] Spans { get; } = CreateLists(wordHeads);

    /// <summary>How unsure each word head was; empty when nobody asks.</summary>
    internal TagUncertainty[] Unsure { get; } = CreateUnsure(measure ? wordHeads : 0);

    /// <summary>Windows accepted without a gap from the first.</summary>
    internal int Frontier { get; private set; }

    /// <summary>Words decoded without a gap from the first.</summary>
    internal int Decoded { get; set; }

    /// <summary>First window that may hold words not decoded yet.</summary>
    internal int Released => _released;

    internal Span<float> TextLogits => _textLogits;

    internal bool IsAccepted(int window) => _accepted[window];

    internal ReadOnlySpan<float> WordLogits(int window) => _wordLogits[window];

    internal Span<float> RentWordLogits(int window, int count) => _wordLogits[window] = ArrayPool<float>.Shared.Rent(count);

    internal void MarkAccepted(int window)
    {
        _accepted[window] = true;
        while (Frontier < _accepted.Length && _accepted[Frontier])
            Frontier++;
    }

    /// <summary>Gives back the logits of one more window.</summary>
    internal void Release()
    {
        if (_wordLogits[_released] is { } array)
            ArrayPool<float>.Shared.Return(array);
        _wordLogits[_released++] = null;
    }

    public void Dispose()
    {
        while (_released < _wordLogits.Length)
            Release();
        if (_textLogits.Length > 0)
            ArrayPool<float>.Shared.Return(_textLogits);
        _textLogits = [];
    }

    private static TagUncertainty[] CreateUnsure(int count)
    {
        var unsure = new TagUncertainty[count];
        for (var i = 0; i < count; i++)
            unsure[i] = new TagUncertainty();
        return unsure;
    }

    private static List<TaggedSpan>[] CreateLists(int count)
    {
        var lists = new List<TaggedSpan>[count];
        for (var i = 0; i < count; i++)
            lists[i] = [];
        return lists;
    }
}
