using System.Numerics.Tensors;
using Microsoft.ML.OnnxRuntime;
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
    private readonly OnnxRunnerOptions _runnerOptions;
    private readonly Dictionary<GraphKey, GraphRunner> _runners = [];
    private readonly BatchInputs _inputs = new();
    private Dictionary<string, OrtValue>? _kept;
    private TrainingBatch? _pending;
    private float[] _embeddedGradient = [];
    private double _weight;
    private ulong _passes;

    public OnnxTrainableModel(TrainableModelOptions options)
    {
        var plan = ParameterPlan.Of(options);
        var layout = plan.Layout;
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
        _runnerOptions = new OnnxRunnerOptions { Device = options.Device, IntraOpThreads = threads };
        long trainable = 0, all = 0;
        foreach (var parameter in _parameters.All)
        {
            all += parameter.Values.Length;
            trainable += parameter.Trainable ? parameter.Values.Length : 0;
        }
        var device = Runner(0, training: true).Device.Split(' ')[0].Split(':')[0];
        Info = new TrainableModelInfo("onnx", device, layout.Config.Hidden, layout.Config.Layers, layout.Config.Positions, trainable, all);
    }

    /// <inheritdoc/>
    public TrainableModelInfo Info { get; }

    internal ParameterSet Parameters => _parameters;

    internal ulong Passes
    {
        get => _passes;
        set => _passes = value;
    }

    /// <inheritdoc/>
    public StepLoss Accumulate(TrainingBatch batch)
    {
        var head = Head(batch);
        if (head.Kind == TrainableHeadKind.Contrastive)
            throw new ArgumentException("The loss of a contrastive head is computed outside: Forward, then AccumulateSeeded.", nameof(batch));
        TrainingChecks.Targets(batch, head.Labels);
        var runner = Run(batch, head);
        var logits = _kept![TrainingGraph.Logits].GetTensorDataAsSpan<float>();
        var seed = Seed(logits.Length / head.Labels, head.Labels);
        var loss = SoftmaxLoss.Compute(batch, head.Labels, logits, seed);
        Differentiate(runner, batch);
        _weight += loss.Weight;
        return loss;
    }

    /// <inheritdoc/>
    public void Forward(TrainingBatch batch, Span<float> logits)
    {
        var head = Head(batch);
        Run(batch, head);
        Gather(batch, head.Labels, _kept![TrainingGraph.Logits].GetTensorDataAsSpan<float>(), logits);
        _pending = batch;
    }

    /// <inheritdoc/>
    public void AccumulateSeeded(TrainingBatch batch, ReadOnlySpan<float> derivatives, double weight)
    {
        var head = Head(batch);
        if (!ReferenceEquals(_pending, batch) || _kept is null)
            throw new InvalidOperationException("AccumulateSeeded needs the pass that Forward made of the same batch: this is a bug.");
        if (derivatives.Length != batch.Units.Length * head.Labels)
            throw new ArgumentException($"{batch.Units.Length} units of {head.Labels} labels need {batch.Units.Length * head.Labels} derivatives.", nameof(derivatives));
        var rows = _kept[TrainingGraph.Logits].GetTensorDataAsSpan<float>().Length / head.Labels;
        var seed = Seed(rows, head.Labels);
        seed.Clear();
        for (var unit = 0; unit < batch.Units.Length; unit++)
        {
            var place = seed.Slice(batch.Units[unit] * head.Labels, head.Labels);
            TensorPrimitives.MultiplyAdd(derivatives.Slice(unit * head.Labels, head.Labels), batch.LossScale, place, place);
        }
        Differentiate(Runner(batch.Head, training: true), batch);
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
        var outputs = Infer(Runner(batch.Head, training: false), batch, head);
        Gather(batch, head.Labels, outputs[TrainingGraph.Logits].GetTensorDataAsSpan<float>(), logits);
        Free(outputs);
    }

    /// <inheritdoc/>
    public void Embed(TrainingBatch batch, Span<float> embeddings)
    {
        TrainingChecks.Batch(batch, _parameters.Layout.Config);
        var outputs = Infer(Runner(GraphKey.Embedding(Info.Layers)), batch, null);
        outputs[TrainingGraph.Logits].GetTensorDataAsSpan<float>().CopyTo(embeddings);
        Free(outputs);
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
        foreach (var runner in _runners.Values)
            runner.Dispose();
        _parameters.Dispose();
    }

    private static void Free(Dictionary<string, OrtValue> values)
    {
        foreach (var value in values.Values)
            value.Dispose();
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

    private GraphRunner Runner(int head, bool training) => Runner(GraphKey.Of(_options.Heads[head], _parameters.Layout.Config.Layers, training));

    private GraphRunner Runner(GraphKey key)
    {
        if (!_runners.TryGetValue(key, out var runner))
            _runners.Add(key, runner = new GraphRunner(new TrainingGraph(_parameters, _options, key), _runnerOptions, key.Training));
        return runner;
    }

    private GraphRunner Run(TrainingBatch batch, TrainableHead head)
    {
        var runner = Runner(batch.Head, training: true);
        Forget();
        _inputs.Fill(batch, _tables, _parameters, Math.Max(1, head.Layers.Count) * Info.Hidden);
        _passes++;
        for (var site = 0; site < runner.Masks.Count; site++)
        {
            var (name, shape, chance) = runner.Masks[site];
            DropoutMasks.Fill(_inputs.New(name, shape.Dimensions(batch.Rows, batch.Length)), chance, _options.Seed, _passes, site);
        }
        _kept = runner.Forward(name => Value(name, head));
        return runner;
    }

    private Dictionary<string, OrtValue> Infer(GraphRunner runner, TrainingBatch batch, TrainableHead? head)
    {
        Forget();
        _inputs.Fill(batch, _tables, _parameters, Math.Max(1, head?.Layers.Count ?? 1) * Info.Hidden);
        return runner.Forward(name => Value(name, head));
    }

    private Span<float> Seed(int rows, int labels) => _inputs.New(TrainingGraph.Seed, rows, labels);

    private void Differentiate(GraphRunner runner, TrainingBatch batch)
    {
        var head = _options.Heads[batch.Head];
        var receivers = new OrtValue[runner.Differentiated.Count];
        try
        {
            for (var i = 0; i < receivers.Length; i++)
                receivers[i] = Receiver(runner.Differentiated[i], head, batch);
            runner.Backward(name => _kept!.GetValueOrDefault(name) ?? Value(name, head), receivers);
            foreach (var name in runner.Differentiated)
            {
                if (name == TrainingGraph.Embedded)
                    _tables.Return(batch, _embeddedGradient);
                else
                    Find(name, head).Received();
            }
        }
        finally
        {
            foreach (var receiver in receivers)
                receiver?.Dispose();
            Forget();
        }
    }

    private OrtValue Receiver(string name, TrainableHead head, TrainingBatch batch)
    {
        if (name != TrainingGraph.Embedded)
        {
            var parameter = Find(name, head);
            return OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, parameter.Receiver().AsMemory(), parameter.Shape);
        }
        var tokens = batch.Rows * batch.Length;
        if (_embeddedGradient.Length < tokens * _tables.Width)
            _embeddedGradient = GC.AllocateUninitializedArray<float>(tokens * _tables.Width, pinned: true);
        return OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, _embeddedGradient.AsMemory(0, tokens * _tables.Width), [tokens, _tables.Width]);
    }

    private OrtValue Value(string name, TrainableHead? head) => _inputs[name] ?? Find(name, head).Bound;

    private Parameter Find(string name, TrainableHead? head) => name switch
    {
        TrainingGraph.HeadWeight when head!.Kind == TrainableHeadKind.Contrastive => _parameters[ParameterPlan.HeadAnchors(head.Name)],
        TrainingGraph.HeadWeight => _parameters[ParameterPlan.HeadWeight(head!.Name)],
        TrainingGraph.HeadBias => _parameters[ParameterPlan.HeadBias(head!.Name)],
        _ => _parameters[name],
    };

    /// <summary>Lets go of what the last training pass kept.</summary>
    private void Forget()
    {
        if (_kept is not null)
            Free(_kept);
        (_kept, _pending) = (null, null);
    }
}
