using System.Numerics.Tensors;
using Microsoft.ML.OnnxRuntime;
using Streaming.Adapters.Onnx.Differentiation;
using Streaming.Adapters.Onnx.Running;
using Streaming.Learning.FineTuning;

namespace Streaming.Adapters.Onnx.Training;

/// <summary>An encoder and heads, trained by gradient graphs.</summary>
internal sealed class OnnxTrainableModel : ITrainableModel
{
    private readonly TrainableModelOptions _options;
    private readonly ParameterSet _parameters;
    private readonly EmbeddingTables _tables;
    private readonly AdamW _optimizer;
    private readonly TrainingSessions _sessions;
    private readonly BatchInputs _inputs = new();
    private readonly Dictionary<string, OrtValue> _kept = new(StringComparer.Ordinal);
    private TrainingBatch? _pending;
    private double _weight;
    private ulong _passes;

    public OnnxTrainableModel(TrainableModelOptions options)
    {
        var plan = ParameterPlan.Of(options);
        // The checkpoint is read during the call only.
        _options = options with { Checkpoint = new EncoderCheckpoint(default, new Dictionary<string, CheckpointTensor>()) };
        _parameters = new ParameterSet(plan);
        _tables = new EmbeddingTables(_parameters);
        var threads = options.Threads > 0 ? options.Threads : Math.Min(Environment.ProcessorCount, 16);
        _optimizer = new AdamW
        {
            WeightDecay = options.WeightDecay,
            Beta1 = options.Beta1,
            Beta2 = options.Beta2,
            Epsilon = options.Epsilon,
            MaxNorm = options.MaxGradientNorm,
            Threads = threads,
        };
        _sessions = new TrainingSessions(_parameters, _options, new OnnxRunnerOptions { Device = options.Device, IntraOpThreads = threads });
        var device = _sessions.Encoder(training: true).Runner.Device.Split(' ')[0].Split(':')[0];
        Info = plan.Describe("onnx", device);
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
        var logits = Pass(batch, head, training: true);
        var loss = SoftmaxLoss.Compute(batch, head.Labels, logits, Seed(head, logits.Length));
        Differentiate(batch, head);
        _weight += loss.Weight;
        return loss;
    }

    /// <inheritdoc/>
    public void Forward(TrainingBatch batch, Span<float> logits)
    {
        var head = Head(batch);
        Gather(batch, head.Labels, Pass(batch, head, training: true), logits);
        _pending = batch;
    }

    /// <inheritdoc/>
    public void AccumulateSeeded(TrainingBatch batch, ReadOnlySpan<float> derivatives, double weight)
    {
        var head = Head(batch);
        if (!ReferenceEquals(_pending, batch))
            throw new InvalidOperationException("AccumulateSeeded needs the pass that Forward made of the same batch: this is a bug.");
        if (derivatives.Length != batch.Units.Length * head.Labels)
            throw new ArgumentException($"{batch.Units.Length} units of {head.Labels} labels need {batch.Units.Length * head.Labels} derivatives.", nameof(derivatives));
        var seed = Seed(head, (head.Kind == TrainableHeadKind.Document ? batch.Rows : batch.Rows * batch.Length) * head.Labels);
        seed.Clear();
        for (var unit = 0; unit < batch.Units.Length; unit++)
        {
            var place = seed.Slice(batch.Units[unit] * head.Labels, head.Labels);
            TensorPrimitives.MultiplyAdd(derivatives.Slice(unit * head.Labels, head.Labels), batch.LossScale, place, place);
        }
        Differentiate(batch, head);
        _weight += weight;
    }

    /// <inheritdoc/>
    public double Update(double learningRate)
    {
        Forget();
        var norm = _optimizer.Step(_parameters.All, learningRate, _weight > 0 ? 1 / _weight : 0);
        _weight = 0;
        return norm;
    }

    /// <inheritdoc/>
    public void Predict(TrainingBatch batch, Span<float> logits)
    {
        var head = Head(batch);
        Gather(batch, head.Labels, Pass(batch, head, training: false), logits);
        Forget();
    }

    /// <inheritdoc/>
    public void Embed(TrainingBatch batch, Span<float> embeddings)
    {
        TrainingChecks.Batch(batch, _parameters.Layout.Config);
        Forget();
        _inputs.Fill(batch, _tables, _parameters, Info.Hidden);
        var encoder = _sessions.Embedder();
        var last = encoder.Graph.Layers[Info.Layers].Name;
        encoder.Runner.Forward(name => Value(name, null), _kept, last);
        var hidden = _kept[last].GetTensorDataAsSpan<float>();
        for (var row = 0; row < batch.Rows; row++)
        {
            var mean = embeddings.Slice(row * Info.Hidden, Info.Hidden);
            mean.Clear();
            for (var position = 0; position < batch.Lengths[row]; position++)
                TensorPrimitives.Add(mean, hidden.Slice(((row * batch.Length) + position) * Info.Hidden, Info.Hidden), mean);
            TensorPrimitives.Divide(mean, batch.Lengths[row], mean);
        }
        Forget();
    }

    /// <inheritdoc/>
    public void SetAnchors(int head, ReadOnlySpan<float> anchors)
    {
        var parameter = _parameters[ParameterPlan.HeadAnchors(_options.Heads[head].Name)];
        if (anchors.Length != parameter.Values.Length)
            throw new ArgumentException($"The head '{_options.Heads[head].Name}' has {parameter.Values.Length} numbers of anchors; {anchors.Length} are given.", nameof(anchors));
        anchors.CopyTo(parameter.Values);
    }

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, float[]> Export() => _parameters.Export(_options.Lora);

    /// <inheritdoc/>
    public void SaveState(Stream stream)
    {
        if (_weight > 0)
            throw new InvalidOperationException("A state is saved after Update, when no gradients are held: this is a bug.");
        _parameters.Save(stream, _passes);
    }

    /// <inheritdoc/>
    public void LoadState(Stream stream)
    {
        Forget();
        _passes = _parameters.Load(stream);
        _weight = 0;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Forget();
        _inputs.Dispose();
        _sessions.Dispose();
        _parameters.Dispose();
    }

    private static void Gather(TrainingBatch batch, int labels, ReadOnlySpan<float> all, Span<float> logits)
    {
        for (var unit = 0; unit < batch.Units.Length; unit++)
            all.Slice(batch.Units[unit] * labels, labels).CopyTo(logits[(unit * labels)..]);
    }

    private TrainableHead Head(TrainingBatch batch)
    {
        TrainingChecks.Batch(batch, _parameters.Layout.Config);
        var head = _options.Heads[batch.Head];
        TrainingChecks.Units(batch, head.Kind);
        return head;
    }

    /// <summary>A forward pass.</summary>
    /// <returns>Logits of every place or row.</returns>
    private ReadOnlySpan<float> Pass(TrainingBatch batch, TrainableHead head, bool training)
    {
        Forget();
        _inputs.Fill(batch, _tables, _parameters, Math.Max(1, head.Layers.Count) * Info.Hidden);
        var encoder = _sessions.Encoder(training);
        var top = _sessions.Head(head, training);
        if (training)
            FillMasks(batch, [.. encoder.Runner.Masks, .. top.Runner.Masks]);
        encoder.Runner.Forward(name => Value(name, head), _kept, read: null);
        top.Runner.Forward(name => Value(name, head), _kept, top.Graph.Logits.Name);
        return _kept[top.Graph.Logits.Name].GetTensorDataAsSpan<float>();
    }

    private void FillMasks(TrainingBatch batch, List<DropoutMask> masks)
    {
        _passes++;
        for (var site = 0; site < masks.Count; site++)
            DropoutMasks.Fill(_inputs.New(masks[site].Name, masks[site].Shape.Dimensions(batch.Rows, batch.Length)), masks[site].Chance, _options.Seed, _passes, site);
    }

    private Span<float> Seed(TrainableHead head, int count) =>
        _inputs.New(GradientTape.SeedName(_sessions.Head(head, training: true).Graph.Logits.Name), count / head.Labels, head.Labels);

    /// <summary>The backward pass, from the seed of the logits.</summary>
    private void Differentiate(TrainingBatch batch, TrainableHead head)
    {
        var encoder = _sessions.Encoder(training: true);
        var top = _sessions.Head(head, training: true);
        var tokens = batch.Rows * batch.Length;
        foreach (var hidden in encoder.Graph.Layers.Values)
        {
            // Layers that this head does not read have no part in its loss.
            var seed = _inputs.New(GradientTape.SeedName(hidden.Name), tokens, Info.Hidden);
            if (!top.Runner.Differentiated.Contains(hidden.Name))
                seed.Clear();
        }
        Backward(top.Runner, head, encoder.Graph);
        var learnt = encoder.Runner.Differentiated.Contains(EncoderGraph.Embedded);
        var embedded = learnt ? _inputs.New(GradientTape.GradientName(EncoderGraph.Embedded), tokens, _tables.Width) : default;
        Backward(encoder.Runner, head, encoder.Graph);
        if (learnt)
            _tables.Return(batch, embedded);
        Forget();
    }

    private void Backward(GraphRunner runner, TrainableHead head, EncoderGraph encoder)
    {
        if (runner.Differentiated.Count == 0)
            return;
        var layers = encoder.Layers.Values.Select(static hidden => hidden.Name).ToHashSet(StringComparer.Ordinal);
        var own = new List<OrtValue>();
        var parameters = new List<Parameter>();
        try
        {
            var receivers = new List<OrtValue>();
            foreach (var name in runner.Differentiated)
            {
                if (layers.Contains(name) || name == EncoderGraph.Embedded)
                {
                    receivers.Add(_inputs[name == EncoderGraph.Embedded ? GradientTape.GradientName(name) : GradientTape.SeedName(name)]!);
                    continue;
                }
                var parameter = Find(name, head);
                parameters.Add(parameter);
                own.Add(OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, parameter.Receiver().AsMemory(), parameter.Shape));
                receivers.Add(own[^1]);
            }
            runner.Backward(name => Value(name, head), receivers);
            parameters.ForEach(static parameter => parameter.Received());
        }
        finally
        {
            own.ForEach(static value => value.Dispose());
        }
    }

    private OrtValue Value(string name, TrainableHead? head) => _kept.GetValueOrDefault(name) ?? _inputs[name] ?? Find(name, head).Bound;

    private Parameter Find(string name, TrainableHead? head) => name switch
    {
        HeadGraph.Weight when head!.Kind == TrainableHeadKind.Contrastive => _parameters[ParameterPlan.HeadAnchors(head.Name)],
        HeadGraph.Weight => _parameters[ParameterPlan.HeadWeight(head!.Name)],
        HeadGraph.Bias => _parameters[ParameterPlan.HeadBias(head!.Name)],
        _ => _parameters[name],
    };

    /// <summary>Lets go of what the last pass kept.</summary>
    private void Forget()
    {
        foreach (var value in _kept.Values)
            value.Dispose();
        _kept.Clear();
        _pending = null;
    }
}
