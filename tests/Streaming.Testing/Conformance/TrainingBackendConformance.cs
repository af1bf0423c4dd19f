using Streaming.Learning.FineTuning;
using Streaming.Testing.Training;

namespace Streaming.Testing.Conformance;

/// <summary>What every <see cref="ITrainingBackend"/> must do; an adapter's tests inherit this and give theirs.</summary>
public abstract class TrainingBackendConformance
{
    // Adam's steps become the gradient itself, to five places, when the root of the second moment is nothing beside this.
    private const double Flat = 1e5;
    private const double GradientTolerance = 2e-5;

    private static readonly TrainableHead Tags = ReferenceEncoder.Head("tags", TrainableHeadKind.Token, 3, 1, 2);
    private static readonly TrainableHead Topics = ReferenceEncoder.Head("topics", TrainableHeadKind.Document, 4, 2);
    private static readonly TrainableHead Types = ReferenceEncoder.Head("types", TrainableHeadKind.Contrastive, 3);

    /// <summary>The backend.</summary>
    protected abstract ITrainingBackend Backend { get; }

    /// <summary>What it runs on.</summary>
    protected virtual string Device => "cpu";

    [Theory]
    [InlineData(0, "", "gelu", false, "bert")]
    [InlineData(1, "bert.", "gelu", true, "bert")]
    [InlineData(0, "", "gelu_new", false, "bert")]
    [InlineData(1, "", "relu", false, "bert")]
    [InlineData(0, "distilbert.", "gelu", false, "distilbert")]
    [InlineData(1, "roberta.", "gelu", false, "roberta")]
    [InlineData(0, "electra.", "gelu", true, "electra")]
    public void Accumulate_AnyHead_LossAndGradientEqualPlainArithmetic(int head, string prefix, string activation, bool types, string family)
    {
        var reference = new ReferenceEncoder(prefix, activation, family);
        using var model = Backend.Create(Options(reference) with { Epsilon = Flat });
        var batch = Batch(head, types);
        var weights = reference.Weights(Tags, Topics);

        var loss = model.Accumulate(batch);
        var norm = model.Update(Flat);

        var expected = reference.Loss(weights, Options(reference).Heads[head], batch);
        Assert.Equal(expected.Loss, loss.Loss, 1e-4);
        Assert.Equal(expected.Weight, loss.Weight, 1e-5);
        var gradient = reference.Gradient(weights, Options(reference).Heads[head], batch);
        AssertStepped(weights, gradient, loss.Weight, model.Export());
        Assert.Equal(Math.Sqrt(gradient.Values.Sum(static g => g.Sum(static x => x * x))) / loss.Weight, norm, 1e-4);
    }

    [Fact]
    public void AccumulateSeeded_ContrastiveHead_GradientEqualsPlainArithmetic()
    {
        var reference = new ReferenceEncoder();
        using var model = Backend.Create(Options(reference) with { Epsilon = Flat });
        var batch = Batch(2, types: false);
        var weights = reference.Weights(Tags, Topics);
        var logits = new float[batch.Units.Length * Types.Labels];

        model.Forward(batch, logits);
        model.AccumulateSeeded(batch, SoftmaxDerivatives(batch, logits, Types.Labels), batch.Weights.Sum());
        model.Update(Flat);

        AssertClose(reference.Logits(weights, Types, batch).SelectMany(static u => u), logits, 1e-4);
        AssertStepped(weights, reference.Gradient(weights, Types, batch), batch.Weights.Sum(), model.Export());
    }

    [Fact]
    public void AccumulateSeeded_DerivativesOfCrossEntropy_EqualsAccumulateUnderDropout()
    {
        var reference = new ReferenceEncoder();
        using var one = Backend.Create(Options(reference) with { Dropout = 0.2, Epsilon = Flat });
        using var other = Backend.Create(Options(reference) with { Dropout = 0.2, Epsilon = Flat });
        var batch = Batch(0, types: false);
        var logits = new float[batch.Units.Length * Tags.Labels];

        one.Accumulate(batch);
        one.Update(Flat);
        other.Forward(batch, logits);
        other.AccumulateSeeded(batch, SoftmaxDerivatives(batch, logits, Tags.Labels), batch.Weights.Sum());
        other.Update(Flat);

        AssertSame(one.Export(), other.Export(), 1e-5);
    }

    [Fact]
    public void Accumulate_SeveralBatchesAndScales_GradientsAreSummed()
    {
        var reference = new ReferenceEncoder();
        using var model = Backend.Create(Options(reference) with { Epsilon = Flat });
        var (tags, topics) = (Batch(0, types: false), Batch(1, types: false) with { LossScale = 0.5f });
        var weights = reference.Weights(Tags, Topics);

        var weight = (model.Accumulate(tags) + model.Accumulate(topics) + model.Accumulate(tags)).Weight;
        model.Update(Flat);

        var gradient = reference.Gradient(weights, Tags, tags);
        foreach (var (name, derivatives) in reference.Gradient(weights, Topics, topics))
            gradient[name] = [.. gradient[name].Zip(derivatives, static (a, b) => (2 * a) + (0.5 * b))];
        AssertStepped(weights, gradient, weight, model.Export());
    }

    [Fact]
    public void Update_ThreeSteps_EqualAdamWInPlainArithmetic()
    {
        const double rate = 1e-2, decay = 0.1, beta1 = 0.8, beta2 = 0.9, epsilon = 1e-3, most = 0.05, layerDecay = 0.5, headFactor = 3;
        var reference = new ReferenceEncoder();
        using var model = Backend.Create(Options(reference) with
        {
            WeightDecay = decay, Beta1 = beta1, Beta2 = beta2, Epsilon = epsilon, MaxGradientNorm = most, LayerDecay = layerDecay, HeadLearningRateFactor = headFactor,
        });
        var weights = reference.Weights(Tags, Topics);
        var first = weights.ToDictionary(static w => w.Key, static w => new double[w.Value.Length]);
        var second = weights.ToDictionary(static w => w.Key, static w => new double[w.Value.Length]);
        var batch = Batch(0, types: false);

        for (var step = 1; step <= 3; step++)
        {
            var gradient = reference.Gradient(weights, Tags, batch);
            var loss = model.Accumulate(batch);
            var norm = model.Update(rate);
            var expected = Math.Sqrt(gradient.Values.Sum(static g => g.Sum(static x => x * x))) / loss.Weight;
            Assert.Equal(expected, norm, 1e-3);
            foreach (var (name, values) in weights)
            {
                // The other task's head got no gradient: it stays, decay included.
                if (name.StartsWith("heads.topics", StringComparison.Ordinal))
                    continue;
                var own = rate * (name.StartsWith("heads.", StringComparison.Ordinal) ? headFactor : Math.Pow(layerDecay, Depth(name)));
                var pull = name.EndsWith(".bias", StringComparison.Ordinal) || name.Contains("LayerNorm", StringComparison.Ordinal) ? 0 : decay;
                for (var i = 0; i < values.Length; i++)
                {
                    var g = gradient[name][i] / loss.Weight * Math.Min(1, most / expected);
                    first[name][i] = (beta1 * first[name][i]) + ((1 - beta1) * g);
                    second[name][i] = (beta2 * second[name][i]) + ((1 - beta2) * g * g);
                    values[i] -= own * pull * values[i];
                    values[i] -= own * first[name][i] / (1 - Math.Pow(beta1, step)) / (Math.Sqrt(second[name][i] / (1 - Math.Pow(beta2, step))) + epsilon);
                }
            }
        }

        foreach (var (name, values) in model.Export())
            AssertClose(weights[name], values, 2e-4);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Accumulate_PaddingAndBatchMates_DoNotChangeTheSum(int head)
    {
        var reference = new ReferenceEncoder();
        using var model = Backend.Create(Options(reference));
        var batch = Batch(head, types: true);

        var together = model.Accumulate(batch);
        var apart = new StepLoss();
        for (var row = 0; row < batch.Rows; row++)
            apart += model.Accumulate(Row(batch, row));

        Assert.Equal(together.Loss, apart.Loss, 1e-4);
        Assert.Equal(together.Weight, apart.Weight, 1e-5);
    }

    [Fact]
    public void Predict_AnyHead_EqualsPlainArithmeticWhateverTheDropout()
    {
        var reference = new ReferenceEncoder("bert.");
        using var model = Backend.Create(Options(reference) with { Dropout = 0.5 });
        var weights = reference.Weights(Tags, Topics);

        for (var head = 0; head < 3; head++)
        {
            var batch = Batch(head, types: true);
            var used = Options(reference).Heads[head];
            var logits = new float[batch.Units.Length * used.Labels];
            model.Predict(batch, logits);
            AssertClose(reference.Logits(weights, used, batch).SelectMany(static u => u), logits, 2e-5);
        }

        var embeddings = new float[3 * ReferenceEncoder.Hidden];
        model.Embed(Batch(0, types: true), embeddings);
        for (var row = 0; row < 3; row++)
        {
            var last = reference.Forward(weights, Batch(0, types: true), row)[^1];
            AssertClose(Enumerable.Range(0, ReferenceEncoder.Hidden).Select(i => last.Average(token => token[i])), embeddings.AsSpan(row * ReferenceEncoder.Hidden, ReferenceEncoder.Hidden).ToArray(), 2e-5);
        }
    }

    [Fact]
    public void Train_ToyTask_LossFalls()
    {
        using var model = Backend.Create(Options(new ReferenceEncoder()) with { Dropout = 0.1 });
        var batch = Batch(0, types: false);
        var before = model.Accumulate(batch).Mean;
        model.Update(0.01);

        for (var step = 0; step < 60; step++)
        {
            model.Accumulate(batch);
            model.Update(0.01);
        }

        Assert.InRange(model.Accumulate(batch).Mean, 0, before / 2);
    }

    [Fact]
    public void Train_FrozenParts_StayAndTheRestMoves()
    {
        var reference = new ReferenceEncoder();
        using var embeddings = Backend.Create(Options(reference) with { FreezeEmbeddings = true });
        using var bottom = Backend.Create(Options(reference) with { FrozenLayers = 1 });
        using var heads = Backend.Create(Options(reference) with { FrozenLayers = ReferenceEncoder.Layers });

        AssertMoved(embeddings, reference, static name => !name.StartsWith("embeddings.", StringComparison.Ordinal));
        AssertMoved(bottom, reference, static name => name.StartsWith("encoder.layer.1", StringComparison.Ordinal) || name.StartsWith("heads.", StringComparison.Ordinal));
        AssertMoved(heads, reference, static name => name.StartsWith("heads.", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Train_Lora_MovesAdaptedMatricesOnlyAndMergesExactly(bool dora)
    {
        var reference = new ReferenceEncoder();
        var options = Options(reference) with { Lora = new LoraOptions { Rank = 2, Alpha = 4, Targets = ["query", "value", "up"], Dora = dora } };
        using var model = Backend.Create(options);
        using var whole = Backend.Create(Options(reference));
        Assert.True(model.Info.TrainableParameters < whole.Info.TrainableParameters);

        AssertMoved(model, reference, static name => name.StartsWith("heads.tags", StringComparison.Ordinal) || (name.EndsWith(".weight", StringComparison.Ordinal)
            && (name.Contains(".query.", StringComparison.Ordinal) || name.Contains(".value.", StringComparison.Ordinal) || name.Contains(".intermediate.", StringComparison.Ordinal))), steps: 5);

        var merged = model.Export();
        var batch = Batch(0, types: false);
        var logits = new float[batch.Units.Length * Tags.Labels];
        model.Predict(batch, logits);
        AssertClose(reference.Logits(merged.ToDictionary(static w => w.Key, static w => Array.ConvertAll(w.Value, static v => (double)v)), Tags, batch).SelectMany(static u => u), logits, 1e-5);
    }

    [Fact]
    public void SaveState_ThenLoad_GoesOnBitForBit()
    {
        var reference = new ReferenceEncoder();
        var options = Options(reference) with { Dropout = 0.2, MaxGradientNorm = 0.1, Lora = new LoraOptions { Rank = 2, Dropout = 0.1 } };
        using var straight = Backend.Create(options);
        using var stopped = Backend.Create(options);
        using var resumed = Backend.Create(options);
        Steps(straight, 0, 4);
        Steps(stopped, 0, 2);
        using var state = new MemoryStream();
        stopped.SaveState(state);
        state.Position = 0;

        resumed.LoadState(state);
        Steps(resumed, 2, 4);

        AssertSame(straight.Export(), resumed.Export(), 0);

        static void Steps(ITrainableModel model, int from, int to)
        {
            for (var step = from; step < to; step++)
            {
                model.Accumulate(Batch(step % 2, types: false));
                model.Update(0.01);
            }
        }
    }

    [Fact]
    public void LoadState_OfAnotherModelOrDamaged_IsRefused()
    {
        var reference = new ReferenceEncoder();
        using var model = Backend.Create(Options(reference));
        using var other = Backend.Create(Options(reference) with { FrozenLayers = 1 });
        using var state = new MemoryStream();
        other.SaveState(state);
        state.Position = 0;
        Assert.Equal("training_state_invalid", Assert.Throws<Core.StreamingException>(() => model.LoadState(state)).Code);

        using var cut = new MemoryStream(state.ToArray()[..^9]);
        Assert.Equal("training_state_invalid", Assert.Throws<Core.StreamingException>(() => other.LoadState(cut)).Code);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Train_SameSeed_SameBitsAndAnotherSeedOthers(int threads)
    {
        Assert.Equal(Trained(1), Trained(1));
        Assert.NotEqual(Trained(1), Trained(2));

        float[] Trained(ulong seed)
        {
            using var model = Backend.Create(Options(new ReferenceEncoder()) with { Dropout = 0.3, MaxGradientNorm = 0.1, Seed = seed, Threads = threads });
            model.Accumulate(Batch(0, types: false));
            model.Update(0.01);
            return [.. model.Export().OrderBy(static w => w.Key, StringComparer.Ordinal).SelectMany(static w => w.Value)];
        }
    }

    [Fact]
    public void Update_GradientNotFinite_ChangesNothing()
    {
        var reference = new ReferenceEncoder();
        using var model = Backend.Create(Options(reference));
        var batch = Batch(0, types: false);
        model.Forward(batch, new float[batch.Units.Length * Tags.Labels]);
        var derivatives = new float[batch.Units.Length * Tags.Labels];
        Array.Fill(derivatives, float.NaN);

        model.AccumulateSeeded(batch, derivatives, 1);
        var norm = model.Update(0.1);

        Assert.False(double.IsFinite(norm));
        AssertSame(reference.Weights(Tags, Topics).ToDictionary(static w => w.Key, static w => Array.ConvertAll(w.Value, static v => (float)v)), model.Export(), 0);
    }

    /// <summary>Options of a model with three heads, to be changed.</summary>
    protected TrainableModelOptions Options(ReferenceEncoder reference) => new()
    {
        Checkpoint = reference.Checkpoint(),
        Heads = [Tags, Topics, Types],
        Dropout = 0,
        WeightDecay = 0,
        MaxGradientNorm = 0,
        Threads = 1,
        Device = Device,
    };

    /// <summary>Three rows of different lengths for a head: 0 tags, 1 topics, 2 types.</summary>
    protected static TrainingBatch Batch(int head, bool types)
    {
        const int length = 6;
        int[] lengths = [6, 2, 4];
        var random = new Random(7);
        int[] ids = [.. Enumerable.Range(0, 3 * length).Select(_ => random.Next(ReferenceEncoder.Vocabulary))];
        int[] units = head == 1 ? [0, 1, 2] : [1, 3, 4, length, (2 * length) + 1, (2 * length) + 3];
        var labels = head == 1 ? Topics.Labels : Tags.Labels;
        var targets = new float[units.Length * labels];
        for (var unit = 0; unit < units.Length; unit++)
        {
            // One soft target among hard ones.
            targets[(unit * labels) + (unit % labels)] = unit == 1 ? 0.75f : 1;
            if (unit == 1)
                targets[(unit * labels) + 2] = 0.25f;
        }
        return new TrainingBatch
        {
            Head = head,
            Rows = 3,
            Length = length,
            Ids = ids,
            Lengths = lengths,
            TokenTypes = types ? [.. Enumerable.Range(0, 3 * length).Select(static i => i % 2)] : null,
            Units = units,
            Targets = targets,
            Weights = [.. Enumerable.Range(0, units.Length).Select(static i => 1 + (0.5f * i))],
        };
    }

    private static TrainingBatch Row(TrainingBatch batch, int row)
    {
        var length = batch.Lengths[row];
        var document = batch.Head == 1;
        int[] places = [.. Enumerable.Range(0, batch.Units.Length).Where(u => (document ? batch.Units[u] : batch.Units[u] / batch.Length) == row)];
        var labels = batch.Targets.Length / batch.Units.Length;
        return batch with
        {
            Rows = 1,
            Length = length,
            Ids = batch.Ids[(row * batch.Length)..((row * batch.Length) + length)],
            Lengths = [length],
            TokenTypes = batch.TokenTypes?[(row * batch.Length)..((row * batch.Length) + length)],
            Units = [.. places.Select(u => document ? 0 : batch.Units[u] % batch.Length)],
            Targets = [.. places.SelectMany(u => batch.Targets[(u * labels)..((u + 1) * labels)])],
            Weights = [.. places.Select(u => batch.Weights[u])],
        };
    }

    private static float[] SoftmaxDerivatives(TrainingBatch batch, float[] logits, int labels)
    {
        var derivatives = new float[logits.Length];
        for (var unit = 0; unit < batch.Units.Length; unit++)
        {
            var sum = Enumerable.Range(0, labels).Sum(label => Math.Exp(logits[(unit * labels) + label]));
            for (var label = 0; label < labels; label++)
                derivatives[(unit * labels) + label] = (float)(batch.Weights[unit] * ((Math.Exp(logits[(unit * labels) + label]) / sum) - batch.Targets[(unit * labels) + label]));
        }
        return derivatives;
    }

    private static int Depth(string name) => name.StartsWith("embeddings.", StringComparison.Ordinal) ? ReferenceEncoder.Layers + 1
        : ReferenceEncoder.Layers - int.Parse(name["encoder.layer.".Length..].Split('.')[0], System.Globalization.CultureInfo.InvariantCulture);

    private static void AssertMoved(ITrainableModel model, ReferenceEncoder reference, Func<string, bool> moves, int steps = 2)
    {
        for (var step = 0; step < steps; step++)
        {
            model.Accumulate(Batch(0, types: false));
            model.Update(0.01);
        }
        var before = reference.Weights(Tags, Topics);
        foreach (var (name, values) in model.Export())
        {
            // Nothing flows into the other task's head; a key's bias shifts all scores of a query alike, which softmax does not see.
            if (name.StartsWith("heads.topics", StringComparison.Ordinal) || name.EndsWith("key.bias", StringComparison.Ordinal))
                continue;
            Assert.True(moves(name) == !before[name].Select(static v => (float)v).SequenceEqual(values), $"{name} {(moves(name) ? "stayed" : "moved")}");
        }
    }

    private static void AssertStepped(Dictionary<string, double[]> weights, Dictionary<string, double[]> gradient, double weight, IReadOnlyDictionary<string, float[]> actual)
    {
        Assert.Equal(weights.Keys.Order(StringComparer.Ordinal), actual.Keys.Order(StringComparer.Ordinal));
        foreach (var (name, values) in weights)
            AssertClose(values.Zip(gradient[name], (value, derivative) => value - (derivative / weight)), actual[name], GradientTolerance);
    }

    private static void AssertSame(IReadOnlyDictionary<string, float[]> expected, IReadOnlyDictionary<string, float[]> actual, double tolerance)
    {
        foreach (var (name, values) in expected)
            AssertClose(values.Select(static v => (double)v), actual[name], tolerance);
    }

    private static void AssertClose(IEnumerable<double> expected, float[] actual, double tolerance)
    {
        var i = 0;
        foreach (var value in expected)
            Assert.InRange(actual[i++] - value, -tolerance, tolerance);
        Assert.Equal(actual.Length, i);
    }
}
