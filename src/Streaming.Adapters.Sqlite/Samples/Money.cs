namespace Streaming.Adapters.Sqlite.Samples;

/// <summary>Amounts as whole billionths, so that sums are exact.</summary>
internal static class Money
{
    private const double PerUnit = 1e9;

    /// <summary>Rounded up: what is spent is never less than what was said.</summary>
    internal static long ToUnits(double amount) => (long)Math.Ceiling(Math.Clamp(amount, 0, 9e9) * PerUnit - 1e-6);

    /// <summary>Rounded down: a cap is never more than what was said.</summary>
    internal static long ToCap(double amount) => (long)Math.Floor(Math.Clamp(amount, 0, 9e9) * PerUnit + 1e-6);

    internal static double FromUnits(long units) => units / PerUnit;
}
