using Streaming.Core;

namespace Streaming.Learning.FineTuning;

/// <summary>
/// Every parameter of a model that is to be trained, in order: the encoder's, adapters' (Hu et al., ICLR 2022), heads'. All backends start
/// from one plan, so they learn the same parts at the same rates from the same numbers.
/// </summary>
public sealed class ParameterPlan
{
    private const string AdapterDown = ".lora_A", AdapterUp = ".lora_B", MagnitudeEnd = ".lora_magnitude";

    private readonly List<PlannedParameter> _all = [];
    private readonly Dictionary<string, PlannedParameter> _byName = new(StringComparer.Ordinal);
    private readonly TrainableModelOptions _options;

    private ParameterPlan(EncoderLayout layout, TrainableModelOptions options)
    {
        (Layout, _options) = (layout, options);
        var config = layout.Config;
        var embeddings = IsLearnt(0) && !options.FreezeEmbeddings;
        Encoder(layout.Words, 0, embeddings, true, config.Vocabulary, config.Embedding);
        Encoder(layout.PositionTable, 0, embeddings, true, config.Positions, config.Embedding);
        if (layout.TypeTable is { } types)
            Encoder(types, 0, embeddings, true, config.TokenTypes, config.Embedding);
        Norm(layout.EmbeddingNorm, 0, embeddings, config.Embedding);
        if (layout.EmbeddingProjection is { } projection)
        {
            Encoder($"{projection}.weight", 0, embeddings, true, config.Hidden, config.Embedding);
            Encoder($"{projection}.bias", 0, embeddings, false, config.Hidden);
        }
        var random = new SeededRandom(options.Seed);
        for (var layer = 0; layer < config.Layers; layer++)
        {
            var trained = IsLearnt(layer + 1);
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
                Norm(layout.Part(layer, role), layer + 1, trained, config.Hidden);
        }
        foreach (var head in options.Heads)
            Head(head);
    }

    /// <summary>What the encoder is made of.</summary>
    public EncoderLayout Layout { get; }

    /// <summary>All parameters.</summary>
    public IReadOnlyList<PlannedParameter> All => _all;

    /// <summary>Makes the plan; it holds the checkpoint's arrays.</summary>
    /// <exception cref="StreamingException"><c>training_options_invalid</c>, <c>model_config_invalid</c>, <c>model_unsupported</c>, <c>safetensors_tensor_missing</c>, <c>safetensors_tensor_unsuitable</c>.</exception>
    public static ParameterPlan Of(TrainableModelOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var layout = EncoderLayout.Of(options.Checkpoint);
        TrainingChecks.Options(options, layout.Config);
        return new ParameterPlan(layout, options);
    }

    /// <summary>What a model of this plan is.</summary>
    /// <param name="backend">Name of the backend.</param>
    /// <param name="device"><c>cpu</c> or <c>cuda</c>.</param>
    public TrainableModelInfo Describe(string backend, string device) => new(
        backend, device, Layout.Config.Hidden, Layout.Config.Layers, Layout.Config.MaxSequence,
        _all.Sum(static p => p.Trainable ? (long)p.Values.Length : 0), _all.Sum(static p => (long)p.Values.Length));

    /// <summary>Name of a head's weights, [labels, inputs].</summary>
    public static string HeadWeight(string head) => $"heads.{head}.weight";

    /// <summary>Name of a head's biases, [labels].</summary>
    public static string HeadBias(string head) => $"heads.{head}.bias";

    /// <summary>Name of a contrastive head's anchors, [labels, hidden].</summary>
    public static string HeadAnchors(string head) => $"heads.{head}.anchors";

    /// <summary>Name of the adapter that narrows the inputs of a matrix, [rank, inputs].</summary>
    public static string Down(string stem) => stem + AdapterDown;

    /// <summary>Name of the adapter that widens to the outputs of a matrix, [outputs, rank].</summary>
    public static string Up(string stem) => stem + AdapterUp;

    /// <summary>Name of DoRA's magnitudes of a matrix, [outputs].</summary>
    public static string Magnitude(string stem) => stem + MagnitudeEnd;

    /// <summary>Values by the checkpoint's names, adapters merged in.</summary>
    /// <param name="exported">Names of the parameters that leave the model.</param>
    /// <param name="values">Current values of a parameter by name; null where there is none of that name.</param>
    /// <param name="lora">As in the options.</param>
    public static IReadOnlyDictionary<string, float[]> Export(IEnumerable<string> exported, Func<string, float[]?> values, LoraOptions? lora)
    {
        var result = new Dictionary<string, float[]>(StringComparer.Ordinal);
        foreach (var name in exported)
        {
            var stem = name.EndsWith(".weight", StringComparison.Ordinal) ? name[..^".weight".Length] : "";
            result.Add(name, values(Down(stem)) is { } down
                ? Merged(values(name)!, values(Up(stem))!, down, values(Magnitude(stem)), lora!)
                : values(name)!.AsSpan().ToArray());
        }
        return result;
    }

    /// <summary>Whether what lies at a depth is learnt itself: 0 is the embeddings, 1 the first layer.</summary>
    private bool IsLearnt(int depth) => _options.Lora is null && (depth == 0 ? _options.FrozenLayers == 0 : depth > _options.FrozenLayers);

    private double Rate(int depth) => Math.Pow(_options.LayerDecay, Layout.Config.Layers + 1 - depth);

    private void Encoder(string name, int depth, bool trained, bool decays, params long[] shape)
    {
        if (!_options.Checkpoint.Tensors.TryGetValue(name, out var tensor))
            throw new StreamingException("safetensors_tensor_missing", $"The checkpoint has no tensor '{name}', though its config.json says so. Download it again.");
        if (!tensor.Shape.AsSpan().SequenceEqual(shape))
            throw new StreamingException("safetensors_tensor_unsuitable", $"The tensor '{name}' has the shape [{string.Join(", ", tensor.Shape)}] where config.json asks for [{string.Join(", ", shape)}].");
        Add(new PlannedParameter(name, shape, tensor.Values) { Trainable = trained, Decays = decays, RateFactor = Rate(depth) });
    }

    private void Norm(string stem, int depth, bool trained, int width)
    {
        Encoder($"{stem}.{Layout.NormScale}", depth, trained, false, width);
        Encoder($"{stem}.{Layout.NormShift}", depth, trained, false, width);
    }

    private void Adapt(string stem, int depth, int outputs, int inputs, LoraOptions lora, SeededRandom random)
    {
        var down = new float[lora.Rank * inputs];
        var bound = 1 / Math.Sqrt(inputs);
        foreach (ref var value in down.AsSpan())
            value = (float)(((2 * random.NextDouble()) - 1) * bound);
        var rate = Rate(depth);
        Add(new PlannedParameter(Down(stem), [lora.Rank, inputs], down) { Trainable = true, Decays = true, RateFactor = rate, Exported = false });
        Add(new PlannedParameter(Up(stem), [outputs, lora.Rank], new float[outputs * lora.Rank]) { Trainable = true, Decays = true, RateFactor = rate, Exported = false });
        if (lora.Dora)
            Add(new PlannedParameter(Magnitude(stem), [outputs], RowLengths(_byName[$"{stem}.weight"].Values, outputs)) { Trainable = true, RateFactor = rate, Exported = false });
    }

    private void Head(TrainableHead head)
    {
        var hidden = Layout.Config.Hidden;
        if (head.Kind == TrainableHeadKind.Contrastive)
        {
            Add(new PlannedParameter(HeadAnchors(head.Name), [head.Labels, hidden], head.Anchors) { Exported = false });
            return;
        }
        var inputs = head.Layers.Count * hidden;
        Add(new PlannedParameter(HeadWeight(head.Name), [head.Labels, inputs], head.Weight) { Trainable = true, Decays = true, RateFactor = _options.HeadLearningRateFactor });
        Add(new PlannedParameter(HeadBias(head.Name), [head.Labels], head.Bias) { Trainable = true, RateFactor = _options.HeadLearningRateFactor });
    }

    private void Add(PlannedParameter parameter)
    {
        _byName.Add(parameter.Name, parameter);
        _all.Add(parameter);
    }

    private static float[] Merged(float[] weight, float[] up, float[] down, float[]? magnitude, LoraOptions lora)
    {
        var (rank, scale) = (lora.Rank, lora.Alpha / lora.Rank);
        var (outputs, inputs) = (up.Length / rank, down.Length / rank);
        var merged = new float[weight.Length];
        var row = new double[inputs];
        for (var output = 0; output < outputs; output++)
        {
            for (var input = 0; input < inputs; input++)
                row[input] = weight[(output * inputs) + input];
            for (var r = 0; r < rank; r++)
            {
                var factor = scale * up[(output * rank) + r];
                for (var input = 0; input < inputs; input++)
                    row[input] += factor * down[(r * inputs) + input];
            }
            double length = 0;
            foreach (var value in row)
                length += value * value;
            var ratio = magnitude is not null ? magnitude[output] / Math.Sqrt(length) : 1;
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
