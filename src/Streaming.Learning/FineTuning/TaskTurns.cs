using Streaming.Learning.Recipes;

namespace Streaming.Learning.FineTuning;

/// <summary>Whose turn it is: the task that lags most behind its share. So shares are met exactly, not only on average.</summary>
internal sealed class TaskTurns(TaskSampling sampling, IReadOnlyList<double> sizes, IReadOnlyList<double> factors)
{
    /// <summary>Turns that each task is owed.</summary>
    public double[] Credits { get; } = new double[sizes.Count];

    /// <summary>Shares at a point of the training; they sum to 1.</summary>
    /// <param name="progress">0 at the start, 1 at the end.</param>
    public double[] Shares(double progress)
    {
        var power = sampling switch
        {
            TaskSampling.Uniform => 0,
            TaskSampling.SquareRoot => 0.5,
            TaskSampling.Annealed => 1 - (0.8 * progress),
            _ => 1.0,
        };
        var shares = sizes.Select((size, i) => Math.Pow(size, power) * factors[i]).ToArray();
        var sum = shares.Sum();
        return [.. shares.Select(s => s / sum)];
    }

    /// <summary>The task of the next step; the first of equal ones.</summary>
    public int Next(double progress)
    {
        var shares = Shares(progress);
        var next = 0;
        for (var task = 0; task < shares.Length; task++)
        {
            Credits[task] += shares[task];
            if (Credits[task] > Credits[next])
                next = task;
        }

        Credits[next]--;
        return next;
    }
}
