using System.Globalization;
using Streaming.Learning.FineTuning;

namespace Streaming.Adapters.Onnx.Training;

/// <summary>What a head's graphs are written for. Heads that are equal in this share them: their weights come in from outside.</summary>
/// <param name="Kind">What is labelled.</param>
/// <param name="Layers">Layers the head reads, comma-separated.</param>
/// <param name="Temperature">Of contrastive heads.</param>
/// <param name="Training">Whether there are dropout and a backward graph.</param>
internal sealed record HeadKey(TrainableHeadKind Kind, string Layers, double Temperature, bool Training)
{
    public static HeadKey Of(TrainableHead head, int lastLayer, bool training) => head.Kind == TrainableHeadKind.Contrastive
        ? new HeadKey(head.Kind, Text([lastLayer]), head.Temperature, training)
        : new HeadKey(head.Kind, Text(head.Layers), 1, training);

    public int[] LayerNumbers() => Array.ConvertAll(Layers.Split(','), static layer => int.Parse(layer, CultureInfo.InvariantCulture));

    private static string Text(IEnumerable<int> layers) => string.Join(',', layers.Select(static layer => layer.ToString(CultureInfo.InvariantCulture)));
}
