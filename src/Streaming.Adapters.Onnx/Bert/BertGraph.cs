using Streaming.Adapters.Onnx.Graphs;
using Streaming.Core;
using Streaming.Core.Models.Encoders;

namespace Streaming.Adapters.Onnx.Bert;

/// <summary>
/// Writes the encoder of a BERT-family checkpoint as an ONNX graph, with ONNX Runtime's fused attention.
/// Devlin et al. 2019, https://arxiv.org/abs/1810.04805.
/// </summary>
/// <remarks>
/// Layer normalisation is written as instance normalisation over tokens: the same numbers, but ONNX Runtime's kernel for it
/// is vectorised on CPUs, while the one for layer normalisation (and the one fused with the residual sum) is not and took
/// more than a quarter of an 8-bit pass. Its scale and shift go into the products that read it.
/// </remarks>
public sealed class BertGraph
{
    private readonly GraphBuilder _graph = new();
    private readonly BertCheckpoint _weights;
    private readonly BertConfig _config;
    private readonly BertGraphOptions _options;
    private readonly IBertLinear _linear;
    private readonly Dictionary<string, string> _whole = new(StringComparer.Ordinal);
    private string _shape = "";
    private string _tokensByWidth = "";
    private string _ones = "";
    private string _zeros = "";

    private BertGraph(BertCheckpoint weights, BertGraphOptions options)
    {
        (_weights, _config, _options) = (weights, weights.Config, options);
        _linear = options.Precision switch
        {
            EncoderPrecision.Fp32 => new Fp32Linear(_graph, _config),
            EncoderPrecision.Int8 => new Int8Linear(_graph, _config, options),
            EncoderPrecision.Int8Dynamic => new Int8DynamicLinear(_graph, _config),
            _ => throw new InvalidOperationException($"No graph for {options.Precision}: this is a bug."),
        };
    }

    /// <summary>Writes a graph. The same checkpoint and options give the same bytes.</summary>
    /// <exception cref="StreamingException">A tensor is missing or unsuitable, or a layer does not exist (<c>model_layer_unknown</c>).</exception>
    public static byte[] Write(BertCheckpoint checkpoint, BertGraphOptions options)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        ArgumentNullException.ThrowIfNull(options);
        foreach (var layer in options.Layers ?? [])
        {
            if (layer < 0 || layer > checkpoint.Config.Layers)
                throw new StreamingException("model_layer_unknown", $"The encoder has layers 0 to {checkpoint.Config.Layers}; {layer} was asked for.");
        }
        return new BertGraph(checkpoint, options).Write();
    }

    private byte[] Write()
    {
        var ids = _graph.Input(EncoderNames.InputIds, ElementType.Int32, "batch", "sequence");
        var lengths = _graph.Input(EncoderNames.Lengths, ElementType.Int32, "batch");
        var hidden = Embed(ids);
        Give(hidden, 0);
        for (var layer = 0; layer < _config.Layers; layer++)
        {
            hidden = Layer(hidden, lengths, layer);
            Give(hidden, layer + 1);
        }
        return _graph.ToBytes("encoder");
    }

    private void Give(Normalized hidden, int layer)
    {
        if (_options.Layers?.Contains(layer) ?? layer == _config.Layers)
            _graph.Output(Whole(hidden), EncoderNames.Layer(layer), ElementType.Float, "batch", "sequence", _config.Hidden);
    }

    private Normalized Embed(string ids)
    {
        var words = _linear.Lookup(_weights.WordEmbeddings(), _config.Vocabulary, ids);
        PrepareNorm(words);
        var positions = _weights.PositionEmbeddings();
        var types = _weights.TokenTypeEmbeddings();
        if (!_options.TokenTypes)
        {
            // Every token is of segment 0, whose vector then belongs to the positions.
            for (var i = 0; i < positions.Length; i++)
                positions[i] += types[i % _config.Hidden];
        }
        var length = _graph.Node("Shape", [ids], "", new("start", 1), new("end", 2));
        var used = _graph.Node("Slice", [
            _graph.Constant("positions", positions, _config.Positions, _config.Hidden),
            _graph.Constant("zero", [0L], 1), length, _graph.Constant("axis", [0L], 1)]);
        var sum = _graph.Node("Add", [words, used]);
        if (_options.TokenTypes)
        {
            var typeIds = _graph.Input(EncoderNames.TokenTypeIds, ElementType.Int32, "batch", "sequence");
            var table = _graph.Constant("token_types", types, _config.TokenTypes, _config.Hidden);
            sum = _graph.Node("Add", [sum, _graph.Node("Gather", [table, typeIds], "", new GraphAttribute("axis", 0L))]);
        }
        return Norm(sum, "embeddings", _weights.EmbeddingNorm());
    }

    private Normalized Layer(Normalized hidden, string lengths, int layer)
    {
        var value = _weights.Attention(layer, "value");
        var output = _weights.AttentionOutput(layer);
        _linear.FoldAttentionOutput(layer, ref value, ref output);
        var projections = Dense.Join(_weights.Attention(layer, "query"), _weights.Attention(layer, "key"), value);

        Probe(hidden, layer, ActivationSite.Attention);
        var context = _linear.Attend(hidden, lengths, layer, projections);
        Probe(context, layer, ActivationSite.AttentionOutput);
        var attended = _linear.Apply(context, layer, ActivationSite.AttentionOutput, output.AddToBias(hidden.Shift));
        var middle = Norm(Sum(attended, hidden), $"attention_{layer}", _weights.AttentionNorm(layer));
        Probe(middle, layer, ActivationSite.Up);
        var up = _linear.Apply(middle, layer, ActivationSite.Up, _weights.Up(layer));
        var active = Activate(up);
        Probe(active, layer, ActivationSite.Down);
        var down = _linear.Apply(active, layer, ActivationSite.Down, _weights.Down(layer).AddToBias(middle.Shift));
        return Norm(Sum(down, middle), $"output_{layer}", _weights.OutputNorm(layer));
    }

    /// <summary>A projection and the residual; the residual's shift is in the projection's bias already.</summary>
    private string Sum(string projected, Normalized residual) =>
        _graph.Node("Add", [projected, residual.IsWhole ? residual.Value : Scaled(residual)]);

    private string Activate(string input) => _config.Activation switch
    {
        "gelu" => _graph.Node("Gelu", [input], GraphBuilder.Microsoft),
        "gelu_new" => _graph.Node("FastGelu", [input], GraphBuilder.Microsoft),
        _ => _graph.Node("Relu", [input]),
    };

    private Normalized Norm(string input, string name, (float[] Scale, float[] Shift) norm)
    {
        if (_options.StockNormalization || _options.Precision == EncoderPrecision.Int8Dynamic)
        {
            var whole = _graph.Node(
                "LayerNormalization",
                [input, _graph.Constant($"{name}_norm_scale", norm.Scale, _config.Hidden), _graph.Constant($"{name}_norm_shift", norm.Shift, _config.Hidden)],
                "", new("axis", -1L), new("epsilon", _config.Epsilon));
            return new Normalized(name, whole, null, new float[_config.Hidden]);
        }
        var flat = _graph.Node("Reshape", [input, _tokensByWidth]);
        var normal = _graph.Node("InstanceNormalization", [flat, _ones, _zeros], "", new GraphAttribute("epsilon", _config.Epsilon));
        return new Normalized(name, _graph.Node("Reshape", [normal, _shape]), norm.Scale, norm.Shift);
    }

    private string Scaled(Normalized value) =>
        _graph.Node("Mul", [value.Value, _graph.Constant($"{value.Name}_norm_scale", value.Scale!, _config.Hidden)]);

    /// <summary>The normalised value itself, scale and shift applied.</summary>
    private string Whole(Normalized value)
    {
        if (value.IsWhole)
            return value.Value;
        if (!_whole.TryGetValue(value.Name, out var whole))
        {
            var scaled = _graph.Node("Mul", [value.Value, _graph.Constant($"{value.Name}_whole_scale", value.Scale!, _config.Hidden)]);
            whole = _graph.Node("Add", [scaled, _graph.Constant($"{value.Name}_whole_shift", value.Shift, _config.Hidden)]);
            _whole.Add(value.Name, whole);
        }
        return whole;
    }

    /// <summary>Shapes and the neutral scale and shift that normalising by rows needs.</summary>
    private void PrepareNorm(string words)
    {
        _shape = _graph.Node("Shape", [words]);
        _tokensByWidth = _graph.Constant("tokens_by_width", [1L, -1L, _config.Hidden], 3);
        var flat = _graph.Node("Shape", [_graph.Node("Reshape", [words, _tokensByWidth])], "", new("start", 1), new("end", 2));
        _zeros = _graph.Node("ConstantOfShape", [flat]);
        _ones = _graph.Node("Add", [_zeros, _graph.Scalar(1f)]);
    }

    private void Probe(Normalized value, int layer, ActivationSite site)
    {
        if (_options.Probes)
            Probe(Whole(value), layer, site);
    }

    private void Probe(string value, int layer, ActivationSite site)
    {
        if (!_options.Probes)
            return;
        var width = site == ActivationSite.Down ? _config.Intermediate : _config.Hidden;
        _graph.Output(value, EncoderNames.Probe(layer, site), ElementType.Float, "batch", "sequence", width);
    }
}
