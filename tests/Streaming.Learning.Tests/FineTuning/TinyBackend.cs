using System.Numerics.Tensors;
using Streaming.Learning.FineTuning;

namespace Streaming.Learning.Tests.FineTuning;

/// <summary>A backend small enough to be seen through: hidden state = embedding of the token + 0.3 × that of the one before, times a dropout mask.</summary>
internal sealed class TinyBackend : ITrainingBackend
{
    public string Name => "tiny";

    public TrainableModelOptions? Last { get; private set; }

    public int Updates { get; set; }

    /// <summary>Update whose gradient is no number; 0: none.</summary>
    public int DivergesAt { get; set; }

    public ITrainableModel Create(TrainableModelOptions options)
    {
        Last = options;
        return new Model(options, this);
    }

    private sealed class Model(TrainableModelOptions options, TinyBackend owner) : ITrainableModel
    {
        private const string Embeddings = "embeddings.word_embeddings.weight";
        private readonly int _width = (int)options.Checkpoint.Tensors[Embeddings].Shape[1];
        private readonly List<Parameter> _parameters =
        [
            new(options.Checkpoint.Tensors[Embeddings].Values),
            .. options.Heads.SelectMany(h => new[] { new Parameter(h.Weight), new Parameter(h.Bias) }),
        ];
        private readonly float[][] _anchors = [.. options.Heads.Select(h => (float[])h.Anchors.Clone())];
        private ulong _random = options.Seed;
        private double _weight;
        private float[] _mask = [];
        private float[] _hidden = [];

        public TrainableModelInfo Info => new("tiny", "cpu", _width, 2, 64, _parameters.Sum(p => (long)p.Value.Length), _parameters.Sum(p => (long)p.Value.Length));

        public StepLoss Accumulate(TrainingBatch batch)
        {
            var head = options.Heads[batch.Head];
            var logits = new float[batch.Units.Length * head.Labels];
            Forward(batch, logits);
            var loss = default(StepLoss);
            for (var unit = 0; unit < batch.Units.Length; unit++)
            {
                var row = logits.AsSpan(unit * head.Labels, head.Labels);
                TensorPrimitives.SoftMax(row, row);
                for (var k = 0; k < row.Length; k++)
                {
                    var target = batch.Targets[(unit * head.Labels) + k];
                    loss += new StepLoss(-batch.Weights[unit] * target * Math.Log(row[k] + 1e-30), 0);
                    row[k] = batch.Weights[unit] * (row[k] - target);
                }

                loss += new StepLoss(0, batch.Weights[unit]);
            }

            AccumulateSeeded(batch, logits, loss.Weight);
            return loss;
        }

        public void Forward(TrainingBatch batch, Span<float> logits)
        {
            var random = new SeededRandom(_random);
            _random = random.NextBits();
            _mask = [.. Enumerable.Range(0, batch.Ids.Length * _width).Select(_ => random.NextDouble() < options.Dropout ? 0f : (float)(1 / (1 - options.Dropout)))];
            Project(batch, logits);
        }

        public void Predict(TrainingBatch batch, Span<float> logits)
        {
            _mask = [];
            Project(batch, logits);
        }

        public void Embed(TrainingBatch batch, Span<float> embeddings)
        {
            _mask = [];
            _hidden = Hidden(batch);
            for (var row = 0; row < batch.Rows; row++)
                Mean(batch, row).CopyTo(embeddings.Slice(row * _width, _width));
        }

        public void SetAnchors(int head, ReadOnlySpan<float> anchors) => _anchors[head] = anchors.ToArray();

        public void AccumulateSeeded(TrainingBatch batch, ReadOnlySpan<float> derivatives, double weight)
        {
            _weight += weight;
            var head = options.Heads[batch.Head];
            for (var unit = 0; unit < batch.Units.Length; unit++)
            {
                var input = Input(batch, batch.Units[unit], head.Kind);
                var inputGradient = new float[_width];
                for (var k = 0; k < head.Labels; k++)
                {
                    var d = derivatives[(unit * head.Labels) + k] * batch.LossScale;
                    if (head.Kind == TrainableHeadKind.Contrastive)
                    {
                        AddCosine(input, _anchors[batch.Head].AsSpan(k * _width, _width), d / (float)head.Temperature, inputGradient);
                        continue;
                    }

                    var weights = _parameters[1 + (2 * batch.Head)];
                    _parameters[2 + (2 * batch.Head)].Gradient[k] += d;
                    for (var i = 0; i < _width * head.Layers.Count; i++)
                    {
                        var index = (k * _width * head.Layers.Count) + i;
                        weights.Gradient[index] += d * input[i % _width];
                        inputGradient[i % _width] += d * weights.Value[index];
                    }
                }

                Spread(batch, batch.Units[unit], head.Kind, inputGradient);
            }
        }

        public double Update(double learningRate)
        {
            owner.Updates++;
            double norm = 0;
            foreach (var parameter in _parameters)
                norm += parameter.Gradient.Sum(g => g / _weight * (g / _weight));
            norm = Math.Sqrt(norm);
            var clip = options.MaxGradientNorm > 0 && norm > options.MaxGradientNorm ? options.MaxGradientNorm / norm : 1;
            foreach (var parameter in _parameters)
                parameter.Step(learningRate, clip / _weight);
            _weight = 0;
            return owner.Updates == owner.DivergesAt ? double.NaN : norm;
        }

        public IReadOnlyDictionary<string, float[]> Export()
        {
            var export = new Dictionary<string, float[]> { [Embeddings] = [.. _parameters[0].Value] };
            for (var h = 0; h < options.Heads.Count; h++)
            {
                if (options.Heads[h].Kind == TrainableHeadKind.Contrastive)
                    continue;
                export[$"heads.{options.Heads[h].Name}.weight"] = [.. _parameters[1 + (2 * h)].Value];
                export[$"heads.{options.Heads[h].Name}.bias"] = [.. _parameters[2 + (2 * h)].Value];
            }

            return export;
        }

        public void SaveState(Stream stream)
        {
            using var writer = new BinaryWriter(stream, System.Text.Encoding.UTF8, leaveOpen: true);
            writer.Write(_random);
            foreach (var parameter in _parameters)
                parameter.Save(writer);
            foreach (var value in _anchors.SelectMany(a => a))
                writer.Write(value);
        }

        public void LoadState(Stream stream)
        {
            using var reader = new BinaryReader(stream, System.Text.Encoding.UTF8, leaveOpen: true);
            _random = reader.ReadUInt64();
            foreach (var parameter in _parameters)
                parameter.Load(reader);
            foreach (var anchors in _anchors)
            {
                for (var i = 0; i < anchors.Length; i++)
                    anchors[i] = reader.ReadSingle();
            }
        }

        public void Dispose()
        {
        }

        private void Project(TrainingBatch batch, Span<float> logits)
        {
            _hidden = Hidden(batch);
            var head = options.Heads[batch.Head];
            for (var unit = 0; unit < batch.Units.Length; unit++)
            {
                var input = Input(batch, batch.Units[unit], head.Kind);
                for (var k = 0; k < head.Labels; k++)
                {
                    if (head.Kind == TrainableHeadKind.Contrastive)
                    {
                        logits[(unit * head.Labels) + k] = TensorPrimitives.CosineSimilarity(input, _anchors[batch.Head].AsSpan(k * _width, _width)) / (float)head.Temperature;
                        continue;
                    }

                    var sum = _parameters[2 + (2 * batch.Head)].Value[k];
                    for (var i = 0; i < _width * head.Layers.Count; i++)
                        sum += _parameters[1 + (2 * batch.Head)].Value[(k * _width * head.Layers.Count) + i] * input[i % _width];
                    logits[(unit * head.Labels) + k] = sum;
                }
            }
        }

        private float[] Hidden(TrainingBatch batch)
        {
            var hidden = new float[batch.Ids.Length * _width];
            for (var place = 0; place < batch.Ids.Length; place++)
            {
                for (var i = 0; i < _width; i++)
                {
                    var before = place % batch.Length > 0 ? _parameters[0].Value[(batch.Ids[place - 1] * _width) + i] : 0;
                    hidden[(place * _width) + i] = (_parameters[0].Value[(batch.Ids[place] * _width) + i] + (0.3f * before)) * (_mask.Length > 0 ? _mask[(place * _width) + i] : 1);
                }
            }

            return hidden;
        }

        private ReadOnlySpan<float> Input(TrainingBatch batch, int unit, TrainableHeadKind kind) =>
            kind == TrainableHeadKind.Document ? Mean(batch, unit) : _hidden.AsSpan(unit * _width, _width);

        private float[] Mean(TrainingBatch batch, int row)
        {
            var mean = new float[_width];
            for (var place = 0; place < batch.Lengths[row]; place++)
                TensorPrimitives.Add(mean, _hidden.AsSpan(((row * batch.Length) + place) * _width, _width), mean);
            TensorPrimitives.Divide(mean, batch.Lengths[row], mean);
            return mean;
        }

        private void Spread(TrainingBatch batch, int unit, TrainableHeadKind kind, float[] gradient)
        {
            var (first, count) = kind == TrainableHeadKind.Document ? (unit * batch.Length, batch.Lengths[unit]) : (unit, 1);
            for (var place = first; place < first + count; place++)
            {
                for (var i = 0; i < _width; i++)
                {
                    var g = gradient[i] / count * (_mask.Length > 0 ? _mask[(place * _width) + i] : 1);
                    _parameters[0].Gradient[(batch.Ids[place] * _width) + i] += g;
                    if (place % batch.Length > 0)
                        _parameters[0].Gradient[(batch.Ids[place - 1] * _width) + i] += 0.3f * g;
                }
            }
        }

        private static void AddCosine(ReadOnlySpan<float> x, ReadOnlySpan<float> anchor, float d, float[] gradient)
        {
            var (a, b) = (TensorPrimitives.Norm(x), TensorPrimitives.Norm(anchor));
            var cosine = TensorPrimitives.Dot(x, anchor) / (a * b);
            for (var i = 0; i < gradient.Length; i++)
                gradient[i] += d * ((anchor[i] / (a * b)) - (cosine * x[i] / (a * a)));
        }
    }

    private sealed class Parameter(float[] first)
    {
        private readonly float[] _moment = new float[first.Length];
        private readonly float[] _square = new float[first.Length];
        private int _step;

        public float[] Value { get; } = [.. first];

        public float[] Gradient { get; } = new float[first.Length];

        public void Step(double rate, double scale)
        {
            if (Array.TrueForAll(Gradient, g => g == 0))
                return;
            _step++;
            for (var i = 0; i < Value.Length; i++)
            {
                var g = Gradient[i] * scale;
                _moment[i] = (float)((0.9 * _moment[i]) + (0.1 * g));
                _square[i] = (float)((0.999 * _square[i]) + (0.001 * g * g));
                Value[i] -= (float)(rate * (_moment[i] / (1 - Math.Pow(0.9, _step))) / (Math.Sqrt(_square[i] / (1 - Math.Pow(0.999, _step))) + 1e-8));
            }

            Array.Clear(Gradient);
        }

        public void Save(BinaryWriter writer)
        {
            writer.Write(_step);
            foreach (var value in Value.Concat(_moment).Concat(_square))
                writer.Write(value);
        }

        public void Load(BinaryReader reader)
        {
            _step = reader.ReadInt32();
            foreach (var values in new[] { Value, _moment, _square })
            {
                for (var i = 0; i < values.Length; i++)
                    values[i] = reader.ReadSingle();
            }
        }
    }
}
