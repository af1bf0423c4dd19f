using Streaming.Learning.FineTuning;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Streaming.Adapters.Torch;

/// <summary>The forward pass of a BERT encoder (Devlin et al., NAACL 2019) over a plan's parameters; libtorch differentiates it.</summary>
internal sealed class TorchEncoder(EncoderLayout layout, IReadOnlyDictionary<string, TorchParameter> parameters, TrainableModelOptions options)
{
    private readonly double _dropout = options.Dropout;
    private readonly LoraOptions? _lora = options.Lora;
    private readonly bool _half = options.Precision == "bf16";

    /// <summary>Hidden states of the layers asked for, concatenated, [rows, length, layers · hidden].</summary>
    /// <param name="batch">The rows.</param>
    /// <param name="layers">Ascending.</param>
    /// <param name="training">With dropout.</param>
    public Tensor Encode(TrainingBatch batch, IReadOnlyList<int> layers, bool training)
    {
        var device = Of(layout.Words).device;
        var rows = batch.Rows;
        var length = batch.Length;
        var places = (int)((long)rows * length);
        var ids = new long[places];
        var types = new long[places];
        var padding = new float[places];
        for (var place = 0; place < places; place++)
        {
            if (place % length < batch.Lengths[place / length])
                (ids[place], types[place]) = (batch.Ids[place], batch.TokenTypes?[place] ?? 0);
            else
                padding[place] = -1e9f;
        }

        var bias = tensor(padding, [rows, 1, 1, length]).to(device);
        var words = Of(layout.Words).index_select(0, tensor(ids).to(device)).reshape(rows, length, -1);
        var embedded = words + Of(layout.PositionTable).narrow(0, layout.Config.PositionOffset, length).unsqueeze(0);
        if (layout.TypeTable is { } table)
            embedded = embedded + Of(table).index_select(0, tensor(types).to(device)).reshape(rows, length, -1);
        var hidden = Drop(Norm(embedded, layout.EmbeddingNorm), _dropout, training);
        if (layout.EmbeddingProjection is { } projection)
            hidden = functional.linear(hidden, Of($"{projection}.weight"), Of($"{projection}.bias"));
        var found = new List<Tensor>(layers.Count);
        for (var layer = 0; ; layer++)
        {
            if (layers.Contains(layer))
                found.Add(hidden);
            if (layer == layers[^1])
                return found.Count == 1 ? hidden : cat(found, -1);
            hidden = Layer(hidden, bias, layer, training);
        }
    }

    /// <summary>Mean over the places of each row, padding left out, [rows, width].</summary>
    public static Tensor Pool(TrainingBatch batch, Tensor features)
    {
        var share = new float[batch.Rows * batch.Length];
        for (var row = 0; row < batch.Rows; row++)
            share.AsSpan(row * batch.Length, batch.Lengths[row]).Fill(1f / batch.Lengths[row]);
        return tensor(share, [batch.Rows, 1, batch.Length]).to(features.device).matmul(features).squeeze(1);
    }

    /// <summary>Dropout, while training.</summary>
    public static Tensor Drop(Tensor x, double chance, bool training) => training && chance > 0 ? functional.dropout(x, chance) : x;

    private Tensor Layer(Tensor hidden, Tensor bias, int layer, bool training)
    {
        var attended = Apply(Attend(hidden, bias, layer, training), layer, "attention_output", training);
        var middle = Norm(Drop(attended, _dropout, training) + hidden, layout.Part(layer, "attention_norm"));
        var down = Apply(Activate(Apply(middle, layer, "up", training)), layer, "down", training);
        return Norm(Drop(down, _dropout, training) + middle, layout.Part(layer, "output_norm"));
    }

    private Tensor Attend(Tensor hidden, Tensor bias, int layer, bool training)
    {
        var (rows, length, width) = (hidden.shape[0], hidden.shape[1], layout.Config.Hidden / layout.Config.Heads);
        var scores = Multiply(Split("query"), Split("key").transpose(2, 3)) / Math.Sqrt(width);
        var weights = Drop(functional.softmax(scores + bias, -1), _dropout, training);
        return Multiply(weights, Split("value")).transpose(1, 2).reshape(rows, length, layout.Config.Hidden);

        Tensor Split(string role) => Apply(hidden, layer, role, training).reshape(rows, length, layout.Config.Heads, width).transpose(1, 2);
    }

    private Tensor Activate(Tensor x) => layout.Config.Activation switch
    {
        "gelu" => functional.gelu(x),
        "gelu_new" => x * 0.5 * (((x + (x.pow(3) * 0.044715)) * Math.Sqrt(2 / Math.PI)).tanh() + 1),
        _ => functional.relu(x),
    };

    /// <summary>x · Wᵀ + b, with adapters where the matrix has them.</summary>
    private Tensor Apply(Tensor x, int layer, string role, bool training)
    {
        var stem = layout.Part(layer, role);
        var (weight, bias) = (Of($"{stem}.weight"), Of($"{stem}.bias"));
        if (!parameters.ContainsKey(ParameterPlan.Down(stem)))
            return Linear(x, weight) + bias;
        var (down, up) = (Of(ParameterPlan.Down(stem)), Of(ParameterPlan.Up(stem)));
        var strength = _lora!.Alpha / _lora.Rank;
        var sum = Linear(x, weight) + (Linear(Linear(Drop(x, _lora.Dropout, training), down), up) * strength);
        if (!_lora.Dora)
            return sum + bias;
        // The lengths count as constants in the backward pass, which DoRA's authors found to cost nothing.
        var lengths = (weight + (up.matmul(down) * strength)).detach().pow(2).sum(1).sqrt();
        return (sum * (Of(ParameterPlan.Magnitude(stem)) / lengths)) + bias;
    }

    private Tensor Linear(Tensor x, Tensor weight) => Multiply(x, weight.t());

    /// <summary>A product, in the precision asked for; its result is fp32.</summary>
    private Tensor Multiply(Tensor left, Tensor right) => _half
        ? left.to(ScalarType.BFloat16).matmul(right.to(ScalarType.BFloat16)).to(ScalarType.Float32)
        : left.matmul(right);

    private Tensor Norm(Tensor x, string stem) =>
        functional.layer_norm(x, [x.shape[^1]], Of($"{stem}.{layout.NormScale}"), Of($"{stem}.{layout.NormShift}"), layout.Config.Epsilon);

    private Tensor Of(string name) => parameters[name].Value;
}
