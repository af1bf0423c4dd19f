namespace Streaming.Learning.Blending;

/// <summary>
/// A training on blended labels. In epoch t of T the share w0(t) of the distilled samples and 1 − w0(t) of the original ones are
/// drawn. The curves are those that Huang, Tang and Chen 2024 (arXiv:2402.09282, three-phase distillation) compare; where they
/// leave the scale of the time open, it is t / T here.
/// </summary>
public sealed record BlendSettings
{
    /// <summary>The curve.</summary>
    public BlendStrategy Strategy { get; init; } = BlendStrategy.SimpleMix;

    /// <summary>Steepness of <see cref="BlendStrategy.Sigmoid"/>, above 0.</summary>
    public double K { get; init; } = 32;

    /// <summary>Exponent of <see cref="BlendStrategy.Power"/>, above 0.</summary>
    public double N { get; init; } = 0.2;

    /// <summary>Epochs, T; at least 1.</summary>
    public int Epochs { get; init; } = 12;

    /// <summary>Rate of the first epoch.</summary>
    public double LearningRate { get; init; } = 0.002;

    /// <summary>What the rate is multiplied by after each epoch: 1 keeps it, 0.95 is the paper's decay.</summary>
    public double RateDecay { get; init; } = 0.95;

    /// <summary>Units (sentences or texts) a step.</summary>
    public int BatchSize { get; init; } = 32;

    /// <summary>Weight of the squared norm.</summary>
    public double L2 { get; init; } = 1e-4;

    /// <summary>Seed of draws and shuffles.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>w0(t): share of the distilled samples that an epoch sees, 0–1.</summary>
    /// <param name="epoch">t, from 0 to <see cref="Epochs"/> − 1.</param>
    public double DistilledShare(int epoch)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(epoch);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(epoch, Epochs);
        var time = (double)epoch / Epochs;
        return Strategy switch
        {
            BlendStrategy.All or BlendStrategy.Distilled => 1,
            BlendStrategy.Original => 0,
            BlendStrategy.SimpleMix => time < 0.5 ? 1 : 0,
            BlendStrategy.Sigmoid => 1 / (1 + Math.Exp(K * (time - 0.5))),
            BlendStrategy.Cosine => (1 + Math.Cos(Math.PI * time)) / 2,
            BlendStrategy.Power => 1 - Math.Pow(time, N),
            _ => throw new InvalidOperationException($"This is a bug: a blend strategy without a curve: {Strategy}."),
        };
    }

    /// <summary>Share of the original samples that an epoch sees, 0–1.</summary>
    /// <param name="epoch">t, from 0 to <see cref="Epochs"/> − 1.</param>
    public double OriginalShare(int epoch) => Strategy == BlendStrategy.All ? 1 : 1 - DistilledShare(epoch);
}
