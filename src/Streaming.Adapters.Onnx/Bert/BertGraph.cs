using Streaming.Adapters.Onnx.Graphs;
using Streaming.Core;
using Streaming.Core.Models.Encoders;

namespace Streaming.Adapters.Onnx.Bert;

/// <summary>
/// Writes the encoder of a BERT-family checkpoint as an ONNX graph, with ONNX Runtime's fused attention where the family's
/// attention is the plain one. Devlin et al. 2019, https://arxiv.org/abs/1810.04805.
/// </summary>
/// <remarks>
/// Layer normalisation is written as instance normalisation over tokens: the same numbers, but ONNX Runtime's kernel for it
/// is vectorised on CPUs, while the one for layer normalisation (and the one fused with the residual sum) is not and took
/// more than a quarter of an 8-bit pass. Its scale and shift go into the products that read it.
/// </remarks>
public sealed class BertGraph
{
    private readonly GraphBuilder _graph;
    private readonly BertCheckpoint _weights;
    private readonly BertConfig _config;
    private readonly BertGraphOptions _options;
    private readonly IBertLinear _linear;
    private readonly DisentangledAttention? _distances;
    private readonly Dictionary<string, string> _whole = new(StringComparer.Ordinal);
    private string _shape = "";
    private string _tokensByWidth = "";
    private string _ones = "";
    private string _zeros = "";

    private BertGraph(BertCheckpoint weights, BertGraphOptions options)
    {
        (_weights, _config, _options) = (weights, weights.Config, options);
        _graph = new GraphBuilder(floats: options.Precision == EncoderPrecision.Fp16 ? ElementType.Float16 : ElementType.Float);
        _distances = _config.Relative is { } relative ? new DisentangledAttention(_graph, weights, relative) : null;
        _linear = options.Precision switch
        {
            EncoderPrecision.Fp32 or EncoderPrecision.Fp16 => new Fp32Linear(_graph, _config),
            EncoderPrecision.Int8 => new Int8Linear(_graph, _config, options),
            EncoderPrecision.Int8Dynamic => new Int8DynamicLinear(_graph, _config),
            _ => throw new InvalidOperationException($"No graph for {options.Precision}: this is a bug."),
        };
    }

    /// <summary>Layer normalisation as the operator of that name: GPUs have a good kernel for it, which keeps its sums in single precision.</summary>
    private bool IsStock => _options.StockNormalization || _options.Precision is EncoderPrecision.Int8Dynamic or EncoderPrecision.Fp16;

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
            hidden = Layer(hidden, ids, lengths, layer);
            Give(hidden, layer + 1);
        }
        return _graph.ToBytes("encoder");
    }

    private void Give(Normalized hidden, int layer)
    {
        if (!(_options.Layers?.Contains(layer) ?? layer == _config.Layers))
            return;
        var whole = Whole(hidden);
        if (_options.Precision == EncoderPrecision.Fp16)
            whole = _graph.Node("Cast", [whole], "", new GraphAttribute("to", (long)ElementType.Float));
        _graph.Output(whole, EncoderNames.Layer(layer), ElementType.Float, "batch", "sequence", _config.Hidden);
    }

    private Normalized Embed(string ids)
    {
        var width = _config.Embedding;
        var sum = _linear.Lookup(_weights.WordEmbeddings(), _config.Vocabulary, width, ids);
        PrepareNorm(sum, width);
        var types = _weights.TokenTypeEmbeddings();
        var hasTypeInput = _options.TokenTypes && types.Length > 0;
        var always = hasTypeInput ? [] : types.AsSpan(0, Math.Min(width, types.Length));
        if (_config.HasPositionTable)
            sum = _graph.Node("Add", [sum, Positions(ids, always)]);
        else if (always.Length > 0)
            sum = _graph.Node("Add", [sum, _graph.Constant("token_type", always.ToArray(), width)]);
        if (hasTypeInput)
        {
            var typeIds = _graph.Input(EncoderNames.TokenTypeIds, ElementType.Int32, "batch", "sequence");
            var table = _graph.Constant("token_types", types, _config.TokenTypes, width);
            sum = _graph.Node("Add", [sum, _graph.Node("Gather", [table, typeIds], "", new GraphAttribute("axis", 0L))]);
        }
        var embedded = Norm(sum, "embeddings", _weights.EmbeddingNorm());
        return _weights.EmbeddingProjection() is { } projection ? Project(embedded, projection) : embedded;
    }

    /// <summary>Position vectors of a row, and what every token gets besides: segment 0, where nobody gives segments.</summary>
    private string Positions(string ids, ReadOnlySpan<float> always)
    {
        var (width, rows) = (_config.Embedding, _config.MaxSequence);
        var table = _weights.PositionEmbeddings()[(_config.PositionOffset * width)..];
        for (var i = 0; always.Length > 0 && i < table.Length; i++)
            table[i] += always[i % width];
        var length = _graph.Node("Shape", [ids], "", new("start", 1), new("end", 2));
        return _graph.Node("Slice", [
            _graph.Constant("positions", table, rows, width), _graph.Constant("zero", [0L], 1), length, _graph.Constant("axis", [0L], 1)]);
    }

    /// <summary>From embeddings to hidden states, in single precision: a product of a few per cent.</summary>
    private Normalized Project(Normalized embedded, Dense projection)
    {
        var dense = embedded.IsWhole ? projection : projection.AbsorbShift(embedded.Shift).AbsorbInput(embedded.Scale);
        var product = _graph.Node("MatMul", [embedded.Value, _graph.Constant("projection_weight", dense.Weight, dense.Inputs, dense.Outputs)]);
        var whole = _graph.Node("Add", [product, _graph.Constant("projection_bias", dense.Bias, dense.Outputs)]);
        PrepareNorm(whole, _config.Hidden);
        return new Normalized("projection", whole, null, new float[_config.Hidden]);
    }

    private Normalized Layer(Normalized hidden, string ids, string lengths, int layer)
    {
        var value = _weights.Attention(layer, "value");
        var output = _weights.AttentionOutput(layer);
        _linear.FoldAttentionOutput(layer, ref value, ref output);
        var projections = Dense.Join(_weights.Attention(layer, "query"), _weights.Attention(layer, "key"), value);

        Probe(hidden, layer, ActivationSite.Attention);
        var context = _distances is null
            ? _linear.Attend(hidden, lengths, layer, projections)
            : _distances.Attend(_linear.Apply(hidden, layer, ActivationSite.Attention, projections), ids, lengths, layer);
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
        if (IsStock)
        {
            var whole = _graph.Node(
                "LayerNormalization",
                [input, _graph.Constant($"{name}_norm_scale", norm.Scale, norm.Scale.Length), _graph.Constant($"{name}_norm_shift", norm.Shift, norm.Shift.Length)],
                "", new("axis", -1L), new("epsilon", _config.Epsilon));
            return new Normalized(name, whole, null, new float[norm.Scale.Length]);
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
    private void PrepareNorm(string value, int width)
    {
        if (IsStock)
            return;
        _shape = _graph.Node("Shape", [value]);
        _tokensByWidth = _graph.Constant($"tokens_by_{width}", [1L, -1L, width], 3);
        var flat = _graph.Node("Shape", [_graph.Node("Reshape", [value, _tokensByWidth])], "", new("start", 1), new("end", 2));
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
