using Streaming.Adapters.Onnx.Differentiation;
using Streaming.Learning.FineTuning;

namespace Streaming.Adapters.Onnx.Training;

/// <summary>
/// An encoder as a graph to be differentiated. Tokens lie one below the other, [batch · sequence, hidden]. Looking embeddings
/// up happens outside, so that the tables, most of a small model, never pass through ONNX Runtime.
/// </summary>
internal sealed class EncoderGraph
{
    /// <summary>Sum of word, position and segment embeddings, [tokens, embedding].</summary>
    public const string Embedded = "embedded";

    /// <summary>0 at tokens, a large negative number at padding, [batch, 1, 1, sequence].</summary>
    public const string PaddingBias = "padding_bias";

    /// <summary>The shape [batch, sequence, heads, width of a head].</summary>
    public const string SplitShape = "split_shape";

    /// <summary>Names of sizes known only when running.</summary>
    public const string Tokens = "tokens", Batch = "batch", Sequence = "sequence";

    private readonly GradientTape _tape = new();
    private readonly MaskList _masks;
    private readonly Dictionary<int, TapeValue> _layers = [];
    private readonly ParameterSet _parameters;
    private readonly EncoderLayout _layout;
    private readonly TrainableModelOptions _options;
    private readonly bool _training;

    /// <summary>Writes the graphs.</summary>
    /// <param name="parameters">The encoder's.</param>
    /// <param name="options">Dropout and adapters.</param>
    /// <param name="layers">Layers whose hidden states are given out, ascending.</param>
    /// <param name="training">Whether there are dropout and a backward graph.</param>
    public EncoderGraph(ParameterSet parameters, TrainableModelOptions options, IReadOnlyList<int> layers, bool training)
    {
        (_parameters, _layout, _options, _training) = (parameters, parameters.Layout, options, training);
        _masks = new MaskList(_tape, "encoder_mask", training);
        var config = _layout.Config;
        _tape.ShapeInput(SplitShape, Batch, Sequence, config.Heads, config.Hidden / config.Heads);
        var padding = _tape.Input(PaddingBias, false, Batch, 1, 1, Sequence);
        var embedded = _tape.Input(Embedded, training && parameters[_layout.Words].Trainable, Tokens, config.Embedding);
        var hidden = Drop(Norm(embedded, _layout.EmbeddingNorm), MaskShape.Tokens(config.Embedding), options.Dropout);
        if (_layout.EmbeddingProjection is { } stem)
            hidden = _tape.Linear(hidden, Of($"{stem}.weight"), Of($"{stem}.bias"));
        for (var layer = 0; ; layer++)
        {
            if (layers.Contains(layer))
            {
                _layers.Add(layer, hidden);
                _tape.Output(hidden);
            }
            if (layer == layers[^1])
                break;
            hidden = Layer(hidden, padding, layer);
        }
        if (training)
            _tape.Differentiate([.. _layers.Values]);
    }

    /// <summary>The graphs and the names of what goes in and out.</summary>
    public GradientTape Tape => _tape;

    /// <summary>Dropout masks in the order in which they are used.</summary>
    public IReadOnlyList<DropoutMask> Masks => _masks.All;

    /// <summary>Hidden states given out, by layer, [tokens, hidden].</summary>
    public IReadOnlyDictionary<int, TapeValue> Layers => _layers;

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

    private TapeValue Drop(TapeValue x, MaskShape shape, double chance) => _masks.Drop(x, shape, chance);

    private TapeValue Of(string name)
    {
        var parameter = _parameters[name];
        return _tape.Input(name, _training && parameter.Trainable, Array.ConvertAll(parameter.Shape, static size => (object)size));
    }
}
