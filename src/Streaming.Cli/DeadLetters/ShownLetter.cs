using Streaming.Contracts;

namespace Streaming.Cli.DeadLetters;

/// <summary>A dead letter as commands show it.</summary>
/// <param name="Id">What it is called by.</param>
/// <param name="Letter">The letter.</param>
/// <param name="IsRedriven">Whether a redrive has taken it.</param>
/// <param name="RedrivenTo">Its new offset, where that is known: the embedded store remembers it, Kafka does not.</param>
internal sealed record ShownLetter(string Id, DeadLetter Letter, bool IsRedriven, long? RedrivenTo = null);
