namespace Streaming.Learning.Data.Inspection;

/// <summary>Something in a data set that a person should look at.</summary>
/// <param name="Code">Stable code, lower snake case.</param>
/// <param name="IsError">Whether training or measuring on it gives wrong results; otherwise it is worth knowing.</param>
/// <param name="Count">How many samples, spans or labels it concerns.</param>
/// <param name="Message">What is wrong and what to do, in a sentence.</param>
/// <param name="Places">The first few places, as <c>file:line</c>, with a short quote where that helps.</param>
public sealed record DataFinding(string Code, bool IsError, int Count, string Message, IReadOnlyList<string> Places);
