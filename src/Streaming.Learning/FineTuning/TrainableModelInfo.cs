namespace Streaming.Learning.FineTuning;

/// <summary>What a trainable model runs on and how large it is.</summary>
/// <param name="Backend">Name of the backend.</param>
/// <param name="Device"><c>cpu</c> or <c>cuda</c>.</param>
/// <param name="Hidden">Width of a hidden state.</param>
/// <param name="Layers">Number of encoder layers.</param>
/// <param name="MaxSequenceLength">Longest row, framing tokens counted.</param>
/// <param name="TrainableParameters">Numbers that are learnt, heads included.</param>
/// <param name="Parameters">All numbers.</param>
public sealed record TrainableModelInfo(string Backend, string Device, int Hidden, int Layers, int MaxSequenceLength, long TrainableParameters, long Parameters);
