using System.Globalization;
using Streaming.Adapters.Onnx.Differentiation;
using Streaming.Learning.FineTuning;

namespace Streaming.Adapters.Onnx.Training;

/// <summary>
/// An encoder and a head as a graph to be differentiated. Tokens lie one below the other, [batch · sequence, hidden]. Looking
/// embeddings up happens outside, so that the tables, most of a small model, never pass through ONNX Runtime.
/// </summary>
internal sealed class TrainingGraph
{
    /// <summary>Sum of word, position and segment embeddings, [tokens, hidden].</summary>
    public const string Embedded = "embedded";

    /// <summary>0 at tokens, a large negative number at padding, [batch, 1, 1, sequence].</summary>
    public const string PaddingBias = "padding_bias";

    /// <summary>The shape [batch, sequence, heads, width of a head].</summary>
    public const string SplitShape = "split_shape";

    /// <summary>The shape [batch, sequence, width of the features].</summary>
    public const string FeatureShape = "feature_shape";

    /// <summary>1 / length at tokens, 0 at padding, [batch, 1, sequence].</summary>
    public const string Pool = "pool";

    /// <summary>Weights of the head at hand.</summary>
    public const string HeadWeight = "head_weight", HeadBias = "head_bias";

    /// <summary>What comes out.</summary>
    public const string Logits = "logits";

    /// <summary>Derivatives of the loss by the logits.</summary>
    public const string Seed = "logits_gradient";

    private const string Tokens = "tokens", Batch = "batch", Sequence = "sequence", Labels = "labels";

    private readonly GradientTape _tape = new();
    private readonly List<(string Name, MaskShape Shape, double Chance)> _masks = [];
    private readonly ParameterSet _parameters;
    private readonly EncoderLayout _layout;
    private readonly TrainableModelOptions _options;
    private readonly bool _training;

    public TrainingGraph(ParameterSet parameters, TrainableModelOptions options, GraphKey key)
    {
        (_parameters, _layout, _options, _training) = (parameters, parameters.Layout, options, key.Training);
        int[] layers = [.. key.Layers.Split(',').Select(static layer => int.Parse(layer, CultureInfo.InvariantCulture))];
        var features = _tape.Concat(Encode(layers));
        var output = key.Kind switch
        {
            TrainableHeadKind.Token => Head(Drop(features, MaskShape.Tokens(Width(layers)), options.Dropout), features.Width),
            TrainableHeadKind.Document => Head(Drop(Pooled(features), MaskShape.Rows(Width(layers)), options.Dropout), features.Width),
            TrainableHeadKind.Contrastive => Cosine(features, key.Temperature),
            _ => Pooled(features),
        };
        _tape.Output(output, Logits);
        if (_training)
            _tape.Differentiate(output, Seed);
    }

    /// <summary>The graphs and the names of what goes in and out.</summary>
    public GradientTape Tape => _tape;

    /// <summary>Dropout masks in the order in which they are used: name, shape, chance.</summary>
    public IReadOnlyList<(string Name, MaskShape Shape, double Chance)> Masks => _masks;

    private int Width(int[] layers) => layers.Length * _layout.Config.Hidden;

    private TapeValue[] Encode(int[] layers)
    {
        var config = _layout.Config;
        _tape.ShapeInput(SplitShape, Batch, Sequence, config.Heads, config.Hidden / config.Heads);
        var padding = _tape.Input(PaddingBias, false, Batch, 1, 1, Sequence);
        var embedded = _tape.Input(Embedded, _training && _parameters[_layout.Words].Trainable, Tokens, config.Hidden);
        var hidden = Drop(Norm(embedded, _layout.EmbeddingNorm), MaskShape.Tokens(config.Hidden), _options.Dropout);
        var found = new TapeValue[layers.Length];
        for (var layer = 0; ; layer++)
        {
            var place = Array.IndexOf(layers, layer);
            if (place >= 0)
                found[place] = hidden;
            if (layer == layers[^1])
                return found;
            hidden = Layer(hidden, padding, layer);
        }
    }

    private TapeValue Layer(TapeValue hidden, TapeValue padding, int layer)
    {
        var config = _layout.Config;
        var attended = Apply(Attend(hidden, padding, layer), layer, "attention_output");
        var middle = Norm(_tape.Add(Drop(attended, MaskShape.Tokens(config.Hidden), _options.Dropout), hidden), _layout.Part(layer, "attention_norm"));
        var down = FeedForward(middle, layer);
        return Norm(_tape.Add(Drop(down, MaskShape.Tokens(config.Hidden), _options.Dropout), middle), _layout.Part(layer, "output_norm"));
    }

    private TapeValue Attend(TapeValue hidden, TapeValue padding, int layer)
    {
        var config = _layout.Config;
        var width = config.Hidden / config.Heads;
        var (query, key, value) = (Split("query"), Split("key"), Split("value"));
        var scores = _tape.Add(_tape.MatMul(query, key, transposeB: true, scale: (float)(1 / Math.Sqrt(width))), padding);
        var weights = Drop(_tape.Softmax(scores), MaskShape.Attention(config.Heads), _options.Dropout);
        var context = _tape.Transpose(_tape.MatMul(weights, value), 0, 2, 1, 3);
        return _tape.Reshape(context, Tokens, config.Hidden);

        TapeValue Split(string role) =>
            _tape.Transpose(_tape.Reshape(Apply(hidden, layer, role), Batch, Sequence, config.Heads, width), 0, 2, 1, 3);
    }

    private TapeValue FeedForward(TapeValue middle, int layer)
    {
        var factor = (float)(1 / Math.Sqrt(2));
        // Where there is something to differentiate, the exact GELU's factors go into the products around it.
        if (_layout.Config.Activation == "gelu" && (middle.Differentiable || IsLearnt(layer, "up")))
            return Apply(_tape.ErrorGate(Apply(middle, layer, "up", factor, factor)), layer, "down", factor);
        var up = Apply(middle, layer, "up");
        var active = _layout.Config.Activation switch
        {
            "gelu" => _tape.Gelu(up),
            "gelu_new" => _tape.FastGelu(up),
            _ => _tape.Relu(up),
        };
        return Apply(active, layer, "down");
    }

    private bool IsLearnt(int layer, string role)
    {
        var stem = _layout.Part(layer, role);
        return _training && (_parameters[$"{stem}.weight"].Trainable || _parameters.IsAdapted(stem));
    }

    /// <summary>scale · x · Wᵀ + biasScale · b, with adapters where the matrix has them.</summary>
    private TapeValue Apply(TapeValue x, int layer, string role, float scale = 1, float biasScale = 1)
    {
        var stem = _layout.Part(layer, role);
        var (weight, bias) = (Of($"{stem}.weight"), Of($"{stem}.bias"));
        if (!_parameters.IsAdapted(stem))
            return _tape.Linear(x, weight, bias, scale, biasScale);
        var lora = _options.Lora!;
        var down = Of(ParameterPlan.Down(stem));
        var up = Of(ParameterPlan.Up(stem));
        var strength = (float)(lora.Alpha / lora.Rank);
        var low = _tape.Linear(_tape.Linear(Drop(x, MaskShape.Tokens(_layout.SizeOf(role).Inputs), lora.Dropout), down, null), up, null, scale * strength);
        if (!lora.Dora)
            return _tape.Add(_tape.Linear(x, weight, bias, scale, biasScale), low);
        var ratio = _tape.Mul(Of(ParameterPlan.Magnitude(stem)), _tape.InverseRowLengths(weight, up, down, strength));
        var turned = _tape.Mul(_tape.Add(_tape.Linear(x, weight, null, scale), low), ratio);
        return _tape.Add(turned, biasScale == 1 ? bias : _tape.Scale(bias, biasScale));
    }

    private TapeValue Norm(TapeValue x, string stem) =>
        _tape.LayerNorm(x, Of($"{stem}.{_layout.NormScale}"), Of($"{stem}.{_layout.NormShift}"), _layout.Config.Epsilon);

    private TapeValue Drop(TapeValue x, MaskShape shape, double chance)
    {
        if (!_training || chance <= 0)
            return x;
        var name = string.Create(CultureInfo.InvariantCulture, $"mask_{_masks.Count}");
        _masks.Add((name, shape, chance));
        return _tape.Mul(x, _tape.Input(name, false, x.Shape));
    }

    private TapeValue Pooled(TapeValue features)
    {
        var width = features.Width;
        _tape.ShapeInput(FeatureShape, Batch, Sequence, width);
        var pool = _tape.Input(Pool, false, Batch, 1, Sequence);
        return _tape.Reshape(_tape.MatMul(pool, _tape.Reshape(features, Batch, Sequence, width)), Batch, width);
    }

    private TapeValue Head(TapeValue features, long width) =>
        _tape.Linear(features, _tape.Input(HeadWeight, _training, Labels, width), _tape.Input(HeadBias, _training, Labels));

    private TapeValue Cosine(TapeValue features, double temperature)
    {
        var anchors = _tape.Normalize(_tape.Input(HeadWeight, false, Labels, features.Width));
        return _tape.Linear(_tape.Normalize(features), anchors, null, (float)(1 / temperature));
    }

    private TapeValue Of(string name)
    {
        var parameter = _parameters[name];
        return _tape.Input(name, _training && parameter.Trainable, Array.ConvertAll(parameter.Shape, static size => (object)size));
    }
}
