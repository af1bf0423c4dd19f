namespace Streaming.Learning.Blending;

/// <summary>
/// Draws the units of each epoch. Where there is only one kind of labels, every epoch sees all of it: a blend of nothing with
/// something is that something.
/// </summary>
public sealed class BlendSampler
{
    private readonly BlendSettings _settings;
    private readonly int[] _original;
    private readonly int[] _distilled;

    /// <summary>A sampler over units.</summary>
    /// <param name="settings">The blend.</param>
    /// <param name="isDistilled">For each unit whether a machine made its label.</param>
    public BlendSampler(BlendSettings settings, IReadOnlyList<bool> isDistilled)
    {
        ArgumentNullException.ThrowIfNull(isDistilled);
        _settings = settings;
        _original = [.. Enumerable.Range(0, isDistilled.Count).Where(unit => !isDistilled[unit])];
        _distilled = [.. Enumerable.Range(0, isDistilled.Count).Where(unit => isDistilled[unit])];
    }

    /// <summary>Units of an epoch, in rising order; the same for the same seed.</summary>
    /// <param name="epoch">From 0.</param>
    public int[] UnitsOf(int epoch)
    {
        var onlyOne = _original.Length == 0 || _distilled.Length == 0;
        var random = new SeededRandom(_settings.Seed + ((ulong)epoch * 0x9E3779B97F4A7C15UL));
        var units = new List<int>();
        Draw(_distilled, onlyOne && _settings.Strategy != BlendStrategy.Original ? 1 : _settings.DistilledShare(epoch), random, units);
        Draw(_original, onlyOne && _settings.Strategy != BlendStrategy.Distilled ? 1 : _settings.OriginalShare(epoch), random, units);
        units.Sort();
        return [.. units];
    }

    private static void Draw(int[] from, double share, SeededRandom random, List<int> into)
    {
        var count = (int)Math.Round(share * from.Length, MidpointRounding.AwayFromZero);
        if (count == from.Length)
        {
            into.AddRange(from);
            return;
        }

        var order = from.ToArray();
        random.Shuffle(order.AsSpan());
        into.AddRange(order.AsSpan(0, count));
    }
}
