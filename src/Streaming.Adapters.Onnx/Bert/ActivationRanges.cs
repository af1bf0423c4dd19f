using Streaming.Core.Models.Encoders;

namespace Streaming.Adapters.Onnx.Bert;

/// <summary>Least and greatest activation of every channel at every site, seen over calibration texts.</summary>
public sealed class ActivationRanges
{
    private const int Sites = 4;

    private readonly (float[] Least, float[] Greatest)[] _ranges;

    /// <summary>Ranges that have seen nothing.</summary>
    public ActivationRanges(BertConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        Layers = config.Layers;
        _ranges = new (float[], float[])[config.Layers * Sites];
        for (var i = 0; i < _ranges.Length; i++)
        {
            var width = (ActivationSite)(i % Sites) == ActivationSite.Down ? config.Intermediate : config.Hidden;
            _ranges[i] = (new float[width], new float[width]);
            Array.Fill(_ranges[i].Least, float.MaxValue);
            Array.Fill(_ranges[i].Greatest, float.MinValue);
        }
    }

    /// <summary>Layers of the encoder.</summary>
    public int Layers { get; }

    /// <summary>Least value of each channel.</summary>
    public ReadOnlySpan<float> Least(int layer, ActivationSite site) => _ranges[(layer * Sites) + (int)site].Least;

    /// <summary>Greatest value of each channel.</summary>
    public ReadOnlySpan<float> Greatest(int layer, ActivationSite site) => _ranges[(layer * Sites) + (int)site].Greatest;

    /// <summary>Widens the ranges by some tokens' activations, row-major.</summary>
    public void Observe(int layer, ActivationSite site, ReadOnlySpan<float> activations)
    {
        var (least, greatest) = _ranges[(layer * Sites) + (int)site];
        for (; activations.Length >= least.Length; activations = activations[least.Length..])
        {
            for (var channel = 0; channel < least.Length; channel++)
            {
                least[channel] = Math.Min(least[channel], activations[channel]);
                greatest[channel] = Math.Max(greatest[channel], activations[channel]);
            }
        }
    }
}
