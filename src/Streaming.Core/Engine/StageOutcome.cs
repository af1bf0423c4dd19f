using System.Diagnostics.CodeAnalysis;

namespace Streaming.Core.Engine;

/// <summary>A value, or why this one message has none. A bad message is data, not an exception.</summary>
public readonly struct StageOutcome<T>
    where T : class
{
    private StageOutcome(T? value, StageFailure? failure)
    {
        Value = value;
        Failure = failure;
    }

    /// <summary>The value, when there is one.</summary>
    public T? Value { get; }

    /// <summary>Why there is none.</summary>
    public StageFailure? Failure { get; }

    /// <summary>True when there is a value.</summary>
    [MemberNotNullWhen(true, nameof(Value))]
    [MemberNotNullWhen(false, nameof(Failure))]
    public bool IsSuccess => Failure is null;

    /// <summary>A success.</summary>
    public static implicit operator StageOutcome<T>(T value) => new(value, null);

    /// <summary>A failure.</summary>
    public static implicit operator StageOutcome<T>(StageFailure failure) => new(null, failure);
}
