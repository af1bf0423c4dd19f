using Streaming.Adapters.Onnx.Differentiation;
using Streaming.Learning.FineTuning;

namespace Streaming.Adapters.Onnx.Training;

/// <summary>A head as a graph to be differentiated, from hidden states to logits.</summary>
internal sealed class HeadGraph
{
    /// <summary>The shape [batch, sequence, width of the features].</summary>
    public const string FeatureShape = "feature_shape";

    /// <summary>1 / length at tokens, 0 at padding, [batch, 1, sequence].</summary>
    public const string Pool = "pool";

    /// <summary>Weights of the head at hand.</summary>
    public const string Weight = "head_weight", Bias = "head_bias";

    private const string Labels = "labels";

    private readonly GradientTape _tape = new("h_");
    private readonly MaskList _masks;

    /// <summary>Writes the graphs.</summary>
    /// <param name="key">What kind of head.</param>
    /// <param name="encoder">The encoder before it.</param>
    /// <param name="dropout">Share dropped of its features.</param>
    public HeadGraph(HeadKey key, EncoderGraph encoder, double dropout)
    {
        _masks = new MaskList(_tape, "head_mask", key.Training);
        var features = _tape.Concat(Array.ConvertAll(key.LayerNumbers(), layer =>
        {
            var hidden = encoder.Layers[layer];
            return _tape.Input(hidden.Name, key.Training && hidden.Differentiable, hidden.Shape);
        }));
        var width = (int)features.Width;
        Logits = key.Kind switch
        {
            TrainableHeadKind.Token => Linear(_masks.Drop(features, MaskShape.Tokens(width), dropout), key.Training),
            TrainableHeadKind.Document => Linear(_masks.Drop(Pooled(features), MaskShape.Rows(width), dropout), key.Training),
            _ => Cosine(features, key.Temperature),
        };
        _tape.Output(Logits);
        if (key.Training)
            _tape.Differentiate(Logits);
    }

    /// <summary>The graphs and the names of what goes in and out.</summary>
    public GradientTape Tape => _tape;

    /// <summary>Dropout masks in the order in which they are used.</summary>
    public IReadOnlyList<DropoutMask> Masks => _masks.All;

    /// <summary>What comes out, [tokens or rows, labels].</summary>
    public TapeValue Logits { get; }

    private TapeValue Pooled(TapeValue features)
    {
        var width = features.Width;
        _tape.ShapeInput(FeatureShape, EncoderGraph.Batch, EncoderGraph.Sequence, width);
        var pool = _tape.Input(Pool, false, EncoderGraph.Batch, 1, EncoderGraph.Sequence);
        return _tape.Reshape(_tape.MatMul(pool, _tape.Reshape(features, EncoderGraph.Batch, EncoderGraph.Sequence, width)), EncoderGraph.Batch, width);
    }

    private TapeValue Linear(TapeValue features, bool training) =>
        _tape.Linear(features, _tape.Input(Weight, training, Labels, features.Width), _tape.Input(Bias, training, Labels));

    private TapeValue Cosine(TapeValue features, double temperature)
    {
        var anchors = _tape.Normalize(_tape.Input(Weight, false, Labels, features.Width));
        return _tape.Linear(_tape.Normalize(features), anchors, null, (float)(1 / temperature));
    }
}
