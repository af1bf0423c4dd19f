using Streaming.Contracts;

namespace Streaming.Adapters.Sqlite.DeadLetters;

/// <summary>A dead letter in the store.</summary>
/// <param name="Id">Its number in the store; rises.</param>
/// <param name="Letter">The letter.</param>
/// <param name="RedrivenTo">Offset that its message was appended at when it was redriven; null while it has not been.</param>
public sealed record StoredDeadLetter(long Id, DeadLetter Letter, long? RedrivenTo);
