using System.Globalization;
using Streaming.Adapters.Onnx.Differentiation;

namespace Streaming.Adapters.Onnx.Training;

/// <summary>Dropout masks of a graph.</summary>
/// <param name="tape">The graph.</param>
/// <param name="stem">Their names begin with this.</param>
/// <param name="training">Otherwise there are none.</param>
internal sealed class MaskList(GradientTape tape, string stem, bool training)
{
    private readonly List<DropoutMask> _all = [];

    public IReadOnlyList<DropoutMask> All => _all;

    /// <summary>A value with one more mask laid over it, where the chance is above 0.</summary>
    public TapeValue Drop(TapeValue x, MaskShape shape, double chance)
    {
        if (!training || chance <= 0)
            return x;
        var name = string.Create(CultureInfo.InvariantCulture, $"{stem}_{_all.Count}");
        _all.Add(new DropoutMask(name, shape, chance));
        return tape.Mul(x, tape.Input(name, false, x.Shape), remade: true);
    }
}

/// <summary>A mask.</summary>
/// <param name="Name">The input's name.</param>
/// <param name="Shape">How large it is.</param>
/// <param name="Chance">Share that is dropped.</param>
internal readonly record struct DropoutMask(string Name, MaskShape Shape, double Chance);
