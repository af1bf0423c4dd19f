using System.Numerics.Tensors;
using System.Text;
using Streaming.Learning.Heads;

namespace Streaming.Learning.Baselines;

/// <summary>
/// The baseline a topic or sentiment head has to beat: logistic regression on which lower-cased words and word pairs occur, each text's
/// vector scaled to length 1. Words that only one training text has are left out.
/// </summary>
public sealed class BagOfWordsClassifier
{
    private readonly Dictionary<string, int> _vocabulary;
    private readonly float[] _parameters;
    private readonly int _classes;

    private BagOfWordsClassifier(Dictionary<string, int> vocabulary, float[] parameters, int classes) =>
        (_vocabulary, _parameters, _classes) = (vocabulary, parameters, classes);

    /// <summary>Trains on texts and their classes.</summary>
    public static async ValueTask<BagOfWordsClassifier> TrainAsync(
        IReadOnlyList<string> texts, IReadOnlyList<int> labels, int classes, CancellationToken cancellationToken)
    {
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var text in texts)
        {
            foreach (var feature in Features(text))
                counts[feature] = counts.GetValueOrDefault(feature) + 1;
        }

        var vocabulary = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var feature in counts.Where(c => c.Value > 1).Select(c => c.Key).Order(StringComparer.Ordinal))
            vocabulary.Add(feature, vocabulary.Count);
        var objective = new SparseObjective([.. texts.Select(t => Encode(t, vocabulary))], [.. labels], classes, vocabulary.Count);
        var parameters = new float[objective.ParameterCount];
        // Weak regularisation: vectors have length 1, so useful weights are several units large.
        var optimizer = new LbfgsOptimizer { MaxIterations = 60, L2 = 1.0 / Math.Max(1, texts.Count), RelativeTolerance = 1e-4 };
        await optimizer.MinimizeAsync(objective, parameters, null, cancellationToken).ConfigureAwait(false);
        return new BagOfWordsClassifier(vocabulary, parameters, classes);
    }

    /// <summary>The most probable class.</summary>
    public int Predict(string text)
    {
        Span<float> scores = stackalloc float[_classes];
        SparseObjective.Scores(Encode(text, _vocabulary), _parameters, scores);
        return TensorPrimitives.IndexOfMax<float>(scores);
    }

    private static (int[] Columns, float Value) Encode(string text, Dictionary<string, int> vocabulary)
    {
        var columns = new List<int>();
        foreach (var feature in Features(text))
        {
            if (vocabulary.TryGetValue(feature, out var column))
                columns.Add(column);
        }

        columns.Sort();
        return ([.. columns], columns.Count == 0 ? 0 : 1 / MathF.Sqrt(columns.Count));
    }

    private static HashSet<string> Features(string text)
    {
        var features = new HashSet<string>(StringComparer.Ordinal);
        var previous = "";
        var word = new StringBuilder();
        for (var i = 0; i <= text.Length; i++)
        {
            if (i < text.Length && char.IsLetterOrDigit(text[i]))
            {
                word.Append(char.ToLowerInvariant(text[i]));
                continue;
            }

            if (word.Length == 0)
                continue;
            var current = word.ToString();
            features.Add(current);
            if (previous.Length > 0)
                features.Add(previous + " " + current);
            previous = current;
            word.Clear();
        }

        return features;
    }

    private sealed class SparseObjective((int[] Columns, float Value)[] rows, int[] labels, int classes, int columns) : IObjective
    {
        public int ParameterCount => (columns + 1) * classes;

        public int PenalisedCount => columns * classes;

        public int UnitCount => rows.Length;

        public double Evaluate(ReadOnlySpan<int> units, ReadOnlySpan<float> parameters, Span<float> gradient)
        {
            Span<float> scores = stackalloc float[classes];
            double loss = 0;
            foreach (var unit in units)
            {
                var row = rows[unit];
                Scores(row, parameters, scores);
                var max = TensorPrimitives.Max<float>(scores);
                TensorPrimitives.Subtract(scores, max, scores);
                var gold = scores[labels[unit]];
                TensorPrimitives.Exp<float>(scores, scores);
                var sum = TensorPrimitives.Sum<float>(scores);
                loss += Math.Log(sum) - gold;
                TensorPrimitives.Divide(scores, sum, scores);
                scores[labels[unit]] -= 1;
                foreach (var column in row.Columns)
                {
                    var target = gradient.Slice(column * classes, classes);
                    for (var k = 0; k < classes; k++)
                        target[k] += scores[k] * row.Value;
                }

                var bias = gradient[^classes..];
                TensorPrimitives.Add(bias, scores, bias);
            }

            return loss;
        }

        public static void Scores((int[] Columns, float Value) row, ReadOnlySpan<float> parameters, Span<float> scores)
        {
            parameters[^scores.Length..].CopyTo(scores);
            foreach (var column in row.Columns)
            {
                var weights = parameters.Slice(column * scores.Length, scores.Length);
                for (var k = 0; k < weights.Length; k++)
                    scores[k] += weights[k] * row.Value;
            }
        }
    }
}
