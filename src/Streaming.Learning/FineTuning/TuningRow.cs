namespace Streaming.Learning.FineTuning;

/// <summary>One window of a text, ready to be trained on or predicted.</summary>
/// <param name="Text">Index of its text.</param>
/// <param name="Ids">Vocabulary ids, framing tokens counted.</param>
/// <param name="FirstWord">Index in the text of the first word it labels; 0 for whole texts.</param>
/// <param name="Places">Place in the row of each word it labels; none for whole texts.</param>
/// <param name="Allowed">Outputs each word (or the text) may have, as bits.</param>
/// <param name="Starts">Whether a chain begins with each word; true for the first.</param>
/// <param name="Shapes">Active word-shape features of each word; none where they are not used.</param>
internal sealed record TuningRow(int Text, int[] Ids, int FirstWord, int[] Places, uint[] Allowed, bool[] Starts, byte[][] Shapes)
{
    /// <summary>Number of labelled units.</summary>
    public int Units => Allowed.Length;
}
