using Streaming.Learning.FineTuning;

namespace Streaming.Adapters.Onnx.Training;

/// <summary>What a pair of graphs is written for. Heads that are equal in this share it: their weights come in from outside.</summary>
/// <param name="Kind">What is labelled; null: nothing, the last layer's mean is given out.</param>
/// <param name="Layers">Layers the head reads, comma-separated.</param>
/// <param name="Temperature">Of contrastive heads.</param>
/// <param name="Training">Whether there are dropout and a backward graph.</param>
internal sealed record GraphKey(TrainableHeadKind? Kind, string Layers, double Temperature, bool Training)
{
    public static GraphKey Of(TrainableHead head, int lastLayer, bool training) => head.Kind == TrainableHeadKind.Contrastive
        ? new GraphKey(head.Kind, Text([lastLayer]), head.Temperature, training)
        : new GraphKey(head.Kind, Text(head.Layers), 1, training);

    public static GraphKey Embedding(int lastLayer) => new(null, Text([lastLayer]), 1, false);

    private static string Text(IEnumerable<int> layers) => string.Join(',', layers.Select(static layer => layer.ToString(System.Globalization.CultureInfo.InvariantCulture)));
}
