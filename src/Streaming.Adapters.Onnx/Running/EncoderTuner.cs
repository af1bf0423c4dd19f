using Streaming.Core.Engine;
using Streaming.Core.Models;

namespace Streaming.Adapters.Onnx.Running;

/// <summary>
/// Finds out, on a loaded encoder, how large a batch and how many passes at once this machine likes best. Results do not depend
/// on either, so tuning changes nothing but the speed.
/// </summary>
/// <remarks>
/// On a CPU small batches win as long as a layer's work stays in a core's cache; where that ends differs from machine to machine.
/// What counts is processor time a token place, all cores busy, because other work on the machine hardly moves it; on a GPU it is
/// plain time. The usual budget stays unless another is a twentieth better.
/// </remarks>
public static class EncoderTuner
{
    private const int Length = 32;
    private const double Worthwhile = 0.95;
    private const int GpuDefault = 4_096;
    private const int Rounds = 3;
    private const int FewestToHalve = 4;
    private const int FewestToCompare = 3;

    // None above the usual: the memory of the largest batch ever run stays with ONNX Runtime's arena.
    private static readonly int[] CpuBudgets = [BatchingOptions.UsualBatchTokens, 256, 192, 128];
    private static readonly int[] GpuBudgets = [GpuDefault, 2_048, 8_192, 1_024, 16_384];

    /// <summary>Longest time tuning takes, one pass more or less.</summary>
    public static TimeSpan Limit { get; } = TimeSpan.FromSeconds(1);

    /// <summary>What is used where nothing has been measured.</summary>
    public static int DefaultBatchTokens(EncoderInfo info) => IsCpu(info) ? BatchingOptions.UsualBatchTokens : GpuDefault;

    /// <summary>Measures.</summary>
    /// <param name="runner">Loaded and warm; nothing else should use it meanwhile.</param>
    /// <param name="calls">Most passes at once, at least 1.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>What was found; null when the machine was too busy to find anything in time.</returns>
    public static async Task<EncoderTuning?> MeasureAsync(IModelRunner runner, int calls, TimeProvider time, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(runner);
        ArgumentNullException.ThrowIfNull(time);
        ArgumentOutOfRangeException.ThrowIfLessThan(calls, 1);
        var isCpu = IsCpu(runner.Info);
        var budgets = isCpu ? CpuBudgets : GpuBudgets;
        var cost = new double[budgets.Length];
        Array.Fill(cost, double.MaxValue);
        var started = time.GetTimestamp();

        // The first round takes memory and counts only when there is no time for a second.
        for (var round = 0; round < Rounds; round++)
        {
            if (round == 1)
                Array.Fill(cost, double.MaxValue);
            for (var i = 0; i < budgets.Length; i++)
            {
                if (time.GetElapsedTime(started) > Limit)
                    return round == 0 || (round == 1 && i < FewestToCompare) ? null : Choose(budgets, cost, calls, calls);
                var (seconds, cpu) = await PassAsync(runner, budgets[i], calls, time, cancellationToken).ConfigureAwait(false);
                cost[i] = Math.Min(cost[i], (isCpu ? cpu : seconds) * 1e6 / ((long)budgets[i] * calls));
            }
        }

        var choice = Choose(budgets, cost, calls, calls);
        return isCpu && calls >= FewestToHalve ? choice with { Calls = await CallsAsync(runner, choice.BatchTokens, calls, time, cancellationToken).ConfigureAwait(false) } : choice;
    }

    /// <summary>Cores that are two threads of one may do more with half as many passes.</summary>
    private static async Task<int> CallsAsync(IModelRunner runner, int budget, int calls, TimeProvider time, CancellationToken cancellationToken)
    {
        double all = double.MaxValue, half = double.MaxValue;
        for (var round = 0; round < Rounds; round++)
        {
            all = Math.Min(all, (await PassAsync(runner, budget, calls, time, cancellationToken).ConfigureAwait(false)).Seconds / calls);
            half = Math.Min(half, (await PassAsync(runner, budget, calls / 2, time, cancellationToken).ConfigureAwait(false)).Seconds / (calls / 2));
        }

        return half < all * Worthwhile ? calls / 2 : calls;
    }

    private static EncoderTuning Choose(int[] budgets, double[] cost, int calls, int mostCalls)
    {
        var best = 0;
        for (var i = 1; i < budgets.Length; i++)
        {
            if (cost[i] < cost[best] && cost[i] < cost[0] * Worthwhile)
                best = i;
        }

        var measured = new List<BudgetCost>();
        for (var i = 0; i < budgets.Length; i++)
        {
            if (cost[i] < double.MaxValue)
                measured.Add(new BudgetCost(budgets[i], cost[i]));
        }

        measured.Sort(static (a, b) => a.BatchTokens.CompareTo(b.BatchTokens));
        return new EncoderTuning(budgets[best], calls, mostCalls, measured);
    }

    private static async Task<(double Seconds, double CpuSeconds)> PassAsync(IModelRunner runner, int budget, int calls, TimeProvider time, CancellationToken cancellationToken)
    {
        var length = Math.Min(Length, runner.Info.MaxSequenceLength);
        var batch = new TokenSequence[Math.Max(1, budget / length)];
        Array.Fill(batch, new TokenSequence(new int[length]));
        var passes = new Task[calls];
        var cpu = Environment.CpuUsage.TotalTime;
        var started = time.GetTimestamp();
        for (var i = 0; i < calls; i++)
            passes[i] = OneAsync();
        await Task.WhenAll(passes).ConfigureAwait(false);
        return (time.GetElapsedTime(started).TotalSeconds, (Environment.CpuUsage.TotalTime - cpu).TotalSeconds);

        async Task OneAsync()
        {
            using var output = await runner.RunAsync(batch, cancellationToken).ConfigureAwait(false);
        }
    }

    private static bool IsCpu(EncoderInfo info) => info.Device.StartsWith("cpu", StringComparison.OrdinalIgnoreCase);
}
