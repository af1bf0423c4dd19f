using Streaming.Adapters.Onnx.Graphs;
using Streaming.Core;

namespace Streaming.Adapters.Onnx.Bert;

/// <summary>
/// Writes the encoder of a BERT-family checkpoint as an ONNX graph, with ONNX Runtime's fused attention.
/// Devlin et al. 2019, https://arxiv.org/abs/1810.04805.
/// </summary>
/// <remarks>
/// Residual sums stay apart from their layer normalisation on purpose: ONNX Runtime's fused operator for the two is not
/// vectorised on CPUs and costs more than both. Sessions have to switch that fusion off as well.
/// </remarks>
public sealed class BertGraph
{
    private readonly GraphBuilder _graph = new();
    private readonly BertCheckpoint _weights;
    private readonly BertConfig _config;
    private readonly BertGraphOptions _options;
    private readonly IBertLinear _linear;

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

    private void Give(string hidden, int layer)
    {
        if (_options.Layers?.Contains(layer) ?? layer == _config.Layers)
            _graph.Output(hidden, EncoderNames.Layer(layer), ElementType.Float, "batch", "sequence", _config.Hidden);
    }

    private string Embed(string ids)
    {
        var words = _linear.Lookup(_weights.WordEmbeddings(), _config.Vocabulary, ids);
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

    private string Layer(string hidden, string lengths, int layer)
    {
        var value = _weights.Attention(layer, "value");
        var output = _weights.AttentionOutput(layer);
        _linear.FoldAttentionOutput(layer, ref value, ref output);
        var projections = Dense.Join(_weights.Attention(layer, "query"), _weights.Attention(layer, "key"), value);

        Probe(hidden, layer, ActivationSite.Attention);
        var context = _linear.Attend(hidden, lengths, layer, projections);
        Probe(context, layer, ActivationSite.AttentionOutput);
        var attended = _linear.Apply(context, layer, ActivationSite.AttentionOutput, output);
        var middle = Norm(_graph.Node("Add", [attended, hidden]), $"attention_{layer}", _weights.AttentionNorm(layer));
        Probe(middle, layer, ActivationSite.Up);
        var up = _linear.Apply(middle, layer, ActivationSite.Up, _weights.Up(layer));
        var active = Activate(up);
        Probe(active, layer, ActivationSite.Down);
        var down = _linear.Apply(active, layer, ActivationSite.Down, _weights.Down(layer));
        return Norm(_graph.Node("Add", [down, middle]), $"output_{layer}", _weights.OutputNorm(layer));
    }

    private string Activate(string input) => _config.Activation switch
    {
        "gelu" => _graph.Node("Gelu", [input], GraphBuilder.Microsoft),
        "gelu_new" => _graph.Node("FastGelu", [input], GraphBuilder.Microsoft),
        _ => _graph.Node("Relu", [input]),
    };

    private string Norm(string input, string name, (float[] Scale, float[] Shift) norm) => _graph.Node(
        "LayerNormalization",
        [input, _graph.Constant($"{name}_norm_scale", norm.Scale, _config.Hidden), _graph.Constant($"{name}_norm_shift", norm.Shift, _config.Hidden)],
        "", new("axis", -1L), new("epsilon", _config.Epsilon));

    private void Probe(string value, int layer, ActivationSite site)
    {
        if (!_options.Probes)
            return;
        var width = site == ActivationSite.Down ? _config.Intermediate : _config.Hidden;
        _graph.Output(value, EncoderNames.Probe(layer, site), ElementType.Float, "batch", "sequence", width);
    }
}
