using Streaming.Contracts;

namespace Streaming.Cli.Labelling;

/// <summary>Which labeller, as the command line says.</summary>
/// <param name="Kind"><see cref="Labellers.Llm"/>, <see cref="Labellers.Replay"/> or <see cref="Labellers.Simulated"/>.</param>
/// <param name="GoldFile">Labelled file.</param>
/// <param name="Task">What the file is labelled for; null: it is an export of labelled samples.</param>
/// <param name="Format">Its format; null: its name tells.</param>
/// <param name="Errors">How a simulation errs.</param>
internal sealed record LabellerChoice(string Kind, string? GoldFile, LabelTask? Task, string? Format, string? Errors);
