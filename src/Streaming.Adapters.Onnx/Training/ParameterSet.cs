using Streaming.Core;
using Streaming.Learning;
using Streaming.Learning.FineTuning;

namespace Streaming.Adapters.Onnx.Training;

/// <summary>Every parameter of a model that is trained, by name: the encoder's, adapters', heads'.</summary>
internal sealed class ParameterSet : IDisposable
{
    public const string AdapterDown = ".lora_A", AdapterUp = ".lora_B", Magnitude = ".lora_magnitude";

    private readonly Dictionary<string, Parameter> _byName = new(StringComparer.Ordinal);
    private readonly List<Parameter> _all = [];
    // Only while this is made: it holds the checkpoint.
    private TrainableModelOptions _options;

    public ParameterSet(EncoderLayout layout, TrainableModelOptions options)
    {
        (Layout, _options) = (layout, options);
        var config = layout.Config;
        var embeddings = Below(0) && !options.FreezeEmbeddings;
        Encoder(layout.Words, 0, embeddings, true, config.Vocabulary, config.Hidden);
        Encoder(layout.PositionTable, 0, embeddings, true, config.Positions, config.Hidden);
        Encoder(layout.TypeTable, 0, embeddings, true, config.TokenTypes, config.Hidden);
        Norm(layout.EmbeddingNorm, 0, embeddings);
        var random = new SeededRandom(options.Seed);
        for (var layer = 0; layer < config.Layers; layer++)
        {
            var trained = Below(layer + 1);
            foreach (var role in EncoderLayout.Matrices)
            {
                var (outputs, inputs) = layout.SizeOf(role);
                var stem = layout.Part(layer, role);
                Encoder($"{stem}.weight", layer + 1, trained, true, outputs, inputs);
                Encoder($"{stem}.bias", layer + 1, trained, false, outputs);
                if (options.Lora is { } lora && layer >= options.FrozenLayers && lora.Targets.Contains(role))
                    Adapt(stem, layer + 1, outputs, inputs, lora, random);
            }
            foreach (var role in EncoderLayout.Norms)
                Norm(layout.Part(layer, role), layer + 1, trained);
        }
        foreach (var head in options.Heads)
            Head(head);
        _options = null!;
    }

    public EncoderLayout Layout { get; }

    public IReadOnlyList<Parameter> All => _all;

    public Parameter this[string name] => _byName[name];

    public static string HeadWeight(string head) => $"heads.{head}.weight";

    public static string HeadBias(string head) => $"heads.{head}.bias";

    public static string HeadAnchors(string head) => $"heads.{head}.anchors";

    /// <summary>Whether a matrix has adapters.</summary>
    public bool IsAdapted(string stem) => _byName.ContainsKey(stem + AdapterDown);

    /// <summary>Values by the checkpoint's names, adapters merged in.</summary>
    public IReadOnlyDictionary<string, float[]> Export(LoraOptions? lora)
    {
        var values = new Dictionary<string, float[]>(StringComparer.Ordinal);
        foreach (var parameter in _all)
        {
            if (!parameter.Exported)
                continue;
            var name = parameter.Name;
            var stem = name.EndsWith(".weight", StringComparison.Ordinal) ? name[..^".weight".Length] : "";
            values.Add(name, IsAdapted(stem) ? Merged(stem, lora!) : parameter.Values.AsSpan().ToArray());
        }
        return values;
    }

    public void Dispose()
    {
        foreach (var parameter in _all)
            parameter.Dispose();
    }

    /// <summary>Whether what lies at a depth is learnt itself: 0 is the embeddings, 1 the first layer.</summary>
    private bool Below(int depth) => _options.Lora is null && (depth == 0 ? _options.FrozenLayers == 0 : depth > _options.FrozenLayers);

    private double Rate(int depth) => Math.Pow(_options.LayerDecay, Layout.Config.Layers + 1 - depth);

    private void Encoder(string name, int depth, bool trained, bool decays, params long[] shape)
    {
        if (!_options.Checkpoint.Tensors.TryGetValue(name, out var tensor))
            throw new StreamingException("safetensors_tensor_missing", $"The checkpoint has no tensor '{name}', though its config.json says so. Download it again.");
        if (!tensor.Shape.AsSpan().SequenceEqual(shape))
            throw new StreamingException("safetensors_tensor_unsuitable", $"The tensor '{name}' has the shape [{string.Join(", ", tensor.Shape)}] where config.json asks for [{string.Join(", ", shape)}].");
        Add(new Parameter(name, shape, tensor.Values) { Trainable = trained, Decays = decays, RateFactor = Rate(depth) });
    }

    private void Norm(string stem, int depth, bool trained)
    {
        Encoder($"{stem}.{Layout.NormScale}", depth, trained, false, Layout.Config.Hidden);
        Encoder($"{stem}.{Layout.NormShift}", depth, trained, false, Layout.Config.Hidden);
    }

    private void Adapt(string stem, int depth, int outputs, int inputs, LoraOptions lora, SeededRandom random)
    {
        var down = new float[lora.Rank * inputs];
        var bound = 1 / Math.Sqrt(inputs);
        foreach (ref var value in down.AsSpan())
            value = (float)(((2 * random.NextDouble()) - 1) * bound);
        var rate = Rate(depth);
        Add(new Parameter(stem + AdapterDown, [lora.Rank, inputs], down) { Trainable = true, Decays = true, RateFactor = rate, Exported = false });
        Add(new Parameter(stem + AdapterUp, [outputs, lora.Rank], new float[outputs * lora.Rank]) { Trainable = true, Decays = true, RateFactor = rate, Exported = false });
        if (lora.Dora)
            Add(new Parameter(stem + Magnitude, [outputs], RowLengths(this[$"{stem}.weight"].Values, outputs)) { Trainable = true, RateFactor = rate, Exported = false });
    }

    private void Head(TrainableHead head)
    {
        var hidden = Layout.Config.Hidden;
        if (head.Kind == TrainableHeadKind.Contrastive)
        {
            Add(new Parameter(HeadAnchors(head.Name), [head.Labels, hidden], head.Anchors) { Exported = false });
            return;
        }
        var inputs = head.Layers.Count * hidden;
        Add(new Parameter(HeadWeight(head.Name), [head.Labels, inputs], head.Weight) { Trainable = true, Decays = true, RateFactor = _options.HeadLearningRateFactor });
        Add(new Parameter(HeadBias(head.Name), [head.Labels], head.Bias) { Trainable = true, RateFactor = _options.HeadLearningRateFactor });
    }

    private void Add(Parameter parameter)
    {
        _byName.Add(parameter.Name, parameter);
        _all.Add(parameter);
    }

    private float[] Merged(string stem, LoraOptions lora)
    {
        var (weight, up, down) = (this[$"{stem}.weight"], this[stem + AdapterUp], this[stem + AdapterDown]);
        var (outputs, inputs, rank) = ((int)weight.Shape[0], (int)weight.Shape[1], (int)down.Shape[0]);
        var scale = lora.Alpha / rank;
        var merged = new float[weight.Values.Length];
        var row = new double[inputs];
        for (var output = 0; output < outputs; output++)
        {
            for (var input = 0; input < inputs; input++)
                row[input] = weight.Values[(output * inputs) + input];
            for (var r = 0; r < rank; r++)
            {
                var factor = scale * up.Values[(output * rank) + r];
                for (var input = 0; input < inputs; input++)
                    row[input] += factor * down.Values[(r * inputs) + input];
            }
            double length = 0;
            foreach (var value in row)
                length += value * value;
            var ratio = lora.Dora ? this[stem + Magnitude].Values[output] / Math.Sqrt(length) : 1;
            for (var input = 0; input < inputs; input++)
                merged[(output * inputs) + input] = (float)(row[input] * ratio);
        }
        return merged;
    }

    private static float[] RowLengths(float[] weight, int rows)
    {
        var lengths = new float[rows];
        var width = weight.Length / rows;
        for (var row = 0; row < rows; row++)
        {
            double sum = 0;
            foreach (var value in weight.AsSpan(row * width, width))
                sum += (double)value * value;
            lengths[row] = (float)Math.Sqrt(sum);
        }
        return lengths;
    }
}
