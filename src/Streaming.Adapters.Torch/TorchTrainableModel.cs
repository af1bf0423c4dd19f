using Streaming.Learning;
using Streaming.Learning.FineTuning;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Streaming.Adapters.Torch;

/// <summary>An encoder and heads, differentiated by libtorch.</summary>
internal sealed class TorchTrainableModel : ITrainableModel
{
    private readonly TrainableModelOptions _options;
    private readonly EncoderLayout _layout;
    private readonly List<TorchParameter> _all = [];
    private readonly Dictionary<string, TorchParameter> _byName = new(StringComparer.Ordinal);
    private readonly TorchEncoder _encoder;
    private readonly Device _device;
    private TrainingBatch? _pending;
    private Tensor? _logits;
    private double _weight;
    private ulong _passes;

    public TorchTrainableModel(ParameterPlan plan, TrainableModelOptions options, Device device)
    {
        // The checkpoint is read during the call only.
        _options = options with { Checkpoint = new EncoderCheckpoint(default, new Dictionary<string, CheckpointTensor>()) };
        (_layout, _device) = (plan.Layout, device);
        foreach (var planned in plan.All)
        {
            var parameter = new TorchParameter(planned, device);
            _all.Add(parameter);
            _byName.Add(planned.Name, parameter);
        }

        _encoder = new TorchEncoder(_layout, _byName, _options);
        Info = plan.Describe("torch", device.type == DeviceType.CUDA ? "cuda" : "cpu");
    }

    /// <inheritdoc/>
    public TrainableModelInfo Info { get; }

    /// <inheritdoc/>
    public StepLoss Accumulate(TrainingBatch batch)
    {
        var head = Head(batch);
        if (head.Kind == TrainableHeadKind.Contrastive)
            throw new ArgumentException("The loss of a contrastive head is computed outside: Forward, then AccumulateSeeded.", nameof(batch));
        TrainingChecks.Targets(batch, head.Labels);
        Forget();
        using var scope = NewDisposeScope();
        var logits = Logits(batch, head, training: true);
        var units = batch.Units.Length;
        var targets = tensor(batch.Targets.AsSpan(0, units * head.Labels).ToArray(), [units, head.Labels]).to(_device);
        var weights = tensor(batch.Weights.AsSpan(0, units).ToArray()).to(_device);
        var loss = -((targets * functional.log_softmax(logits, -1)).sum(1) * weights).sum();
        Differentiate(loss, full_like(loss, batch.LossScale), head);
        double weight = 0;
        foreach (var unit in batch.Weights.AsSpan(0, units))
            weight += unit;
        _weight += weight;
        return new StepLoss(loss.detach().cpu().item<float>(), weight);
    }

    /// <inheritdoc/>
    public void Forward(TrainingBatch batch, Span<float> logits)
    {
        var head = Head(batch);
        Forget();
        using var scope = NewDisposeScope();
        _logits = Logits(batch, head, training: true).DetachFromDisposeScope();
        _pending = batch;
        Copy(_logits, logits);
    }

    /// <inheritdoc/>
    public void AccumulateSeeded(TrainingBatch batch, ReadOnlySpan<float> derivatives, double weight)
    {
        var head = Head(batch);
        if (!ReferenceEquals(_pending, batch) || _logits is null)
            throw new InvalidOperationException("AccumulateSeeded needs the pass that Forward made of the same batch: this is a bug.");
        if (derivatives.Length != batch.Units.Length * head.Labels)
            throw new ArgumentException($"{batch.Units.Length} units of {head.Labels} labels need {batch.Units.Length * head.Labels} derivatives.", nameof(derivatives));
        using (NewDisposeScope())
        {
            var seed = tensor(derivatives.ToArray(), [batch.Units.Length, head.Labels]).to(_device) * batch.LossScale;
            Differentiate(_logits, seed, head);
        }

        _weight += weight;
        Forget();
    }

    /// <inheritdoc/>
    public double Update(double learningRate)
    {
        Forget();
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        var held = _all.FindAll(static p => p.Gradient is not null);
        double squares = 0;
        foreach (var parameter in held)
            squares += parameter.Gradient!.pow(2).sum(ScalarType.Float64).cpu().item<double>();
        var scale = _weight > 0 ? 1 / _weight : 0;
        var norm = scale * Math.Sqrt(squares);
        if (double.IsFinite(norm))
        {
            if (_options.MaxGradientNorm > 0 && norm > _options.MaxGradientNorm)
                scale *= _options.MaxGradientNorm / norm;
            foreach (var parameter in held)
                parameter.Step(learningRate, scale, _options);
        }

        foreach (var parameter in held)
            parameter.Forget();
        _weight = 0;
        return norm;
    }

    /// <inheritdoc/>
    public void Predict(TrainingBatch batch, Span<float> logits)
    {
        var head = Head(batch);
        Forget();
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        Copy(Logits(batch, head, training: false), logits);
    }

    /// <inheritdoc/>
    public void Embed(TrainingBatch batch, Span<float> embeddings)
    {
        TrainingChecks.Batch(batch, _layout.Config);
        Forget();
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        Copy(TorchEncoder.Pool(batch, _encoder.Encode(batch, [Info.Layers], training: false)), embeddings);
    }

    /// <inheritdoc/>
    public void SetAnchors(int head, ReadOnlySpan<float> anchors)
    {
        var parameter = _byName[ParameterPlan.HeadAnchors(_options.Heads[head].Name)];
        if (anchors.Length != parameter.Count)
            throw new ArgumentException($"The head '{_options.Heads[head].Name}' has {parameter.Count} numbers of anchors; {anchors.Length} are given.", nameof(anchors));
        parameter.Write(anchors.ToArray());
    }

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, float[]> Export() => ParameterPlan.Export(
        _all.Where(static p => p.Plan.Exported).Select(static p => p.Plan.Name), name => _byName.GetValueOrDefault(name)?.ToArray(), _options.Lora);

    /// <inheritdoc/>
    public void SaveState(Stream stream)
    {
        if (_weight > 0)
            throw new InvalidOperationException("A state is saved after Update, when no gradients are held: this is a bug.");
        var kept = Kept();
        TrainingState.Save(stream, _passes, kept.Select(static p => p.ToState()), kept.Count);
    }

    /// <inheritdoc/>
    public void LoadState(Stream stream)
    {
        Forget();
        _passes = TrainingState.Load(stream, [.. Kept().Select(static p => (p.Plan.Name, p.Count))], state => _byName[state.Name].Take(state));
        _weight = 0;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Forget();
        foreach (var parameter in _all)
            parameter.Dispose();
    }

    private static void Copy(Tensor values, Span<float> destination) => values.detach().cpu().contiguous().data<float>().ToArray().CopyTo(destination);

    private List<TorchParameter> Kept() => _all.FindAll(static p => p.Plan.Trainable || !p.Plan.Exported);

    private TrainableHead Head(TrainingBatch batch)
    {
        TrainingChecks.Batch(batch, _layout.Config);
        var head = _options.Heads[batch.Head];
        TrainingChecks.Units(batch, head.Kind);
        return head;
    }

    private IReadOnlyList<int> LayersOf(TrainableHead head) => head.Kind == TrainableHeadKind.Contrastive ? [Info.Layers] : head.Layers;

    /// <summary>Logits of the batch's units, [units, labels].</summary>
    private Tensor Logits(TrainingBatch batch, TrainableHead head, bool training)
    {
        if (training)
        {
            // Each pass has random numbers of its own, so nothing but the number of passes is kept for resuming.
            _passes++;
            manual_seed((long)(new SeededRandom(_options.Seed ^ (_passes * 0x9E3779B97F4A7C15UL)).NextBits() >> 1));
        }

        var features = _encoder.Encode(batch, LayersOf(head), training);
        var units = tensor(Array.ConvertAll(batch.Units, static unit => (long)unit)).to(_device);
        var rows = head.Kind == TrainableHeadKind.Document ? TorchEncoder.Pool(batch, features) : features.reshape(-1, features.shape[2]);
        var chosen = rows.index_select(0, units);
        if (head.Kind == TrainableHeadKind.Contrastive)
            return Unit(chosen).matmul(Unit(_byName[ParameterPlan.HeadAnchors(head.Name)].Value).t()) / head.Temperature;
        return functional.linear(
            TorchEncoder.Drop(chosen, _options.Dropout, training), _byName[ParameterPlan.HeadWeight(head.Name)].Value, _byName[ParameterPlan.HeadBias(head.Name)].Value);
    }

    private static Tensor Unit(Tensor rows) => rows / rows.pow(2).sum(1, keepdim: true).sqrt();

    /// <summary>Adds the derivatives of every parameter that the head's pass goes through.</summary>
    private void Differentiate(Tensor output, Tensor seed, TrainableHead head)
    {
        var used = Used(head);
        if (used.Count == 0)
            return;
        var derivatives = autograd.grad([output], used.ConvertAll(static p => p.Value), [seed]);
        for (var i = 0; i < used.Count; i++)
            used[i].Add(derivatives[i]);
    }

    private List<TorchParameter> Used(TrainableHead head)
    {
        var above = new HashSet<string>(StringComparer.Ordinal);
        for (var layer = LayersOf(head)[^1]; layer < Info.Layers; layer++)
        {
            foreach (var role in EncoderLayout.Matrices.Concat(EncoderLayout.Norms))
                above.Add(_layout.Part(layer, role));
        }

        return _all.FindAll(parameter => parameter.Plan.Trainable && (parameter.Plan.Name.StartsWith("heads.", StringComparison.Ordinal)
            ? parameter.Plan.Name.StartsWith($"heads.{head.Name}.", StringComparison.Ordinal)
            : !above.Contains(parameter.Plan.Name[..parameter.Plan.Name.LastIndexOf('.')])));
    }

    /// <summary>Lets go of the pass that was kept for <see cref="AccumulateSeeded"/>.</summary>
    private void Forget()
    {
        _logits?.Dispose();
        (_logits, _pending) = (null, null);
    }
}
