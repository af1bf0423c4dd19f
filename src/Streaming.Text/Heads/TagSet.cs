using Streaming.Core;

namespace Streaming.Text.Heads;

/// <summary>A head's labels read as B/I/O tags.</summary>
public sealed class TagSet
{
    private readonly bool[] _begins;
    private readonly string[] _types;
    private readonly int[] _inside;

    /// <summary>Reads labels such as <c>O</c>, <c>B-PER</c>, <c>I-PER</c>.</summary>
    /// <exception cref="StreamingException"><c>head_invalid</c>: a label is none of these.</exception>
    public TagSet(IReadOnlyList<string> labels)
    {
        ArgumentNullException.ThrowIfNull(labels);
        Labels = labels;
        _begins = new bool[labels.Count];
        _types = new string[labels.Count];
        _inside = new int[labels.Count];
        for (var label = 0; label < labels.Count; label++)
        {
            var name = labels[label];
            if (name == "O")
                _types[label] = "";
            else if (name.Length > 2 && name[1] == '-' && name[0] is 'B' or 'I')
                (_begins[label], _types[label]) = (name[0] == 'B', name[2..]);
            else
                throw new StreamingException("head_invalid", $"'{name}' is no tag; labels of a tagging head are O, B-TYPE and I-TYPE.");
        }

        for (var label = 0; label < labels.Count; label++)
            _inside[label] = IsOutside(label) ? -1 : IndexOf(labels, "I-" + _types[label]);
    }

    /// <summary>The labels as they were given.</summary>
    public IReadOnlyList<string> Labels { get; }

    /// <summary>Whether a label is <c>O</c>.</summary>
    public bool IsOutside(int label) => _types[label].Length == 0;

    /// <summary>Type of a tag; empty for <c>O</c>.</summary>
    public string TypeOf(int label) => _types[label];

    /// <summary>The label that goes on with a span of this label's type; −1: none.</summary>
    public int InsideOf(int label) => _inside[label];

    /// <summary>Whether a span goes on from one label to the next; <c>I-X</c> goes on with <c>X</c> only, and begins a span elsewhere.</summary>
    public bool Continues(int label, int next) => !IsOutside(next) && !_begins[next] && _types[next] == _types[label];

    private static int IndexOf(IReadOnlyList<string> labels, string name)
    {
        for (var label = 0; label < labels.Count; label++)
        {
            if (labels[label] == name)
                return label;
        }

        return -1;
    }
}
