namespace Streaming.Learning.Heads;

/// <summary>Where a head's numbers lie in the one vector that optimisers see: weights [labels, stride], biases, and for a CRF transitions [from, to], start, end.</summary>
internal readonly record struct HeadParameters(int Labels, int Stride, bool IsChain)
{
    public int Bias => Labels * Stride;

    public int Transitions => Bias + Labels;

    public int Start => Transitions + (Labels * Labels);

    public int End => Start + Labels;

    public int Count => IsChain ? End + Labels : Transitions;
}
