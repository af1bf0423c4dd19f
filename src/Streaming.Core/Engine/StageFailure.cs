namespace Streaming.Core.Engine;

/// <summary>Why a stage refused a message.</summary>
/// <param name="Stage">The stage's name.</param>
/// <param name="Code">One of <see cref="Contracts.ErrorCodes"/>.</param>
/// <param name="Reason">A sentence without document text.</param>
public sealed record StageFailure(string Stage, string Code, string Reason);
