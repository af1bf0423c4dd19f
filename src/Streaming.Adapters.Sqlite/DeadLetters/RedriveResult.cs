namespace Streaming.Adapters.Sqlite.DeadLetters;

/// <summary>What became of one dead letter that was to be tried again.</summary>
/// <param name="Id">Its number.</param>
/// <param name="Offset">Where its message lies now; null when it was not appended.</param>
/// <param name="Error">Why not: <c>not_found</c>, <c>already_redriven</c> or <see cref="Contracts.ErrorCodes.AttemptsExhausted"/>; null when it was.</param>
public sealed record RedriveResult(long Id, long? Offset, string? Error)
{
    /// <summary>No such letter.</summary>
    public const string NotFound = "not_found";

    /// <summary>It was redriven before; <see cref="Offset"/> says where to.</summary>
    public const string AlreadyRedriven = "already_redriven";
}
