using System.Numerics.Tensors;

namespace Streaming.Text.Sequences;

/// <summary>
/// A linear-chain conditional random field (Lafferty et al., ICML 2001): score(path) = start[y₀] + Σ emissions[t, yₜ] +
/// Σ transitions[yₜ₋₁, yₜ] + end[y_T]. The trainer and the serving head use this one class. Immutable, safe for concurrent use.
/// </summary>
/// <remarks>Emissions are row-major [length, labels]; length is emissions.Length / labels and at least 1.</remarks>
public sealed class LinearChainCrf
{
    // A normaliser below this, or a backward value above its inverse, means that scaled arithmetic has lost a path.
    private const double Tiny = 1e-200;

    private readonly double[] _start;
    private readonly double[] _transitions;
    private readonly double[] _end;
    private readonly double[] _startExp;
    private readonly double[] _transitionsExp;
    private readonly double[] _endExp;
    private readonly double _startMax;
    private readonly double _transitionsMax;
    private readonly double _endMax;

    /// <summary>A CRF with these scores; −10,000 or −∞ forbids a move.</summary>
    /// <param name="start">[labels].</param>
    /// <param name="transitions">[from, to], row-major.</param>
    /// <param name="end">[labels].</param>
    public LinearChainCrf(ReadOnlySpan<double> start, ReadOnlySpan<double> transitions, ReadOnlySpan<double> end)
    {
        ArgumentOutOfRangeException.ThrowIfZero(start.Length);
        ArgumentOutOfRangeException.ThrowIfNotEqual(end.Length, start.Length);
        ArgumentOutOfRangeException.ThrowIfNotEqual(transitions.Length, start.Length * start.Length);
        Labels = start.Length;
        (_start, _startExp, _startMax) = Prepare(start);
        (_transitions, _transitionsExp, _transitionsMax) = Prepare(transitions);
        (_end, _endExp, _endMax) = Prepare(end);
    }

    /// <summary>Number of labels.</summary>
    public int Labels { get; }

    /// <summary>Score of one path.</summary>
    public double Score(ReadOnlySpan<double> emissions, ReadOnlySpan<int> path)
    {
        var length = LengthOf(emissions);
        ArgumentOutOfRangeException.ThrowIfNotEqual(path.Length, length);
        var score = _start[path[0]] + _end[path[^1]];
        for (var t = 0; t < length; t++)
        {
            score += emissions[t * Labels + path[t]];
            if (t > 0)
                score += _transitions[path[t - 1] * Labels + path[t]];
        }

        return score;
    }

    /// <summary>The best path; of equal ones that with the lowest labels, counted from its end.</summary>
    /// <param name="emissions">[length, labels].</param>
    /// <param name="path">Receives the labels; [length].</param>
    /// <returns>Its score.</returns>
    public double Viterbi(ReadOnlySpan<double> emissions, Span<int> path)
    {
        var length = LengthOf(emissions);
        ArgumentOutOfRangeException.ThrowIfNotEqual(path.Length, length);
        using var work = new Workspace(Labels * 2, length * Labels);
        var current = work.Doubles[..Labels];
        var next = work.Doubles.Slice(Labels, Labels);
        var from = work.Ints;
        TensorPrimitives.Add(_start, emissions[..Labels], current);
        for (var t = 1; t < length; t++)
        {
            for (var to = 0; to < Labels; to++)
            {
                var best = double.NegativeInfinity;
                var source = 0;
                for (var label = 0; label < Labels; label++)
                {
                    var score = current[label] + _transitions[label * Labels + to];
                    if (score > best)
                        (best, source) = (score, label);
                }

                next[to] = best + emissions[t * Labels + to];
                from[t * Labels + to] = source;
            }

            var swap = current;
            current = next;
            next = swap;
        }

        TensorPrimitives.Add(current, _end, current);
        var last = 0;
        for (var label = 1; label < Labels; label++)
        {
            if (current[label] > current[last])
                last = label;
        }

        path[^1] = last;
        for (var t = length - 1; t > 0; t--)
            path[t - 1] = from[t * Labels + path[t]];
        return current[last];
    }

    /// <summary>Logarithm of the sum over all paths of exp(score).</summary>
    public double LogPartition(ReadOnlySpan<double> emissions)
    {
        using var posterior = new CrfPosterior();
        Infer(emissions, posterior);
        return posterior.LogPartition;
    }

    /// <summary>Forward–backward: fills the posterior with the log partition and the marginals.</summary>
    /// <param name="emissions">[length, labels].</param>
    /// <param name="posterior">Receives the result; may be used again.</param>
    public void Infer(ReadOnlySpan<double> emissions, CrfPosterior posterior)
    {
        ArgumentNullException.ThrowIfNull(posterior);
        posterior.Reset(LengthOf(emissions), Labels);
        if (!TryScaled(emissions, posterior))
            Logarithmic(emissions, posterior);
    }

    /// <summary>
    /// Adds the expected transition counts, E[#(from → to)], the gradient of the log partition by the transitions.
    /// Those by emissions, start and end are the marginals themselves, of all, the first and the last place.
    /// </summary>
    /// <param name="emissions">What <paramref name="posterior"/> was inferred from.</param>
    /// <param name="posterior">Result of <see cref="Infer"/>.</param>
    /// <param name="counts">[from, to]; added to.</param>
    public void AddExpectedTransitions(ReadOnlySpan<double> emissions, CrfPosterior posterior, Span<double> counts)
    {
        ArgumentNullException.ThrowIfNull(posterior);
        ArgumentOutOfRangeException.ThrowIfNotEqual(counts.Length, Labels * Labels);
        using var work = new Workspace(Labels, 0);
        var next = work.Doubles;
        for (var t = 0; t + 1 < posterior.Length; t++)
        {
            for (var from = 0; from < Labels; from++)
            {
                var marginal = posterior.Marginals[t * Labels + from];
                if (marginal <= 0)
                    continue;
                Conditional(emissions, posterior, t, from, next);
                var row = counts.Slice(from * Labels, Labels);
                TensorPrimitives.MultiplyAdd(next, marginal, row, row);
            }
        }
    }

    /// <summary>
    /// Probability that the labels from <paramref name="first"/> on are exactly these and that the label after them is not
    /// <paramref name="notNext"/>: that a span is right in type and both its ends.
    /// </summary>
    /// <param name="emissions">What <paramref name="posterior"/> was inferred from.</param>
    /// <param name="posterior">Result of <see cref="Infer"/>.</param>
    /// <param name="first">First place.</param>
    /// <param name="labels">At least one label.</param>
    /// <param name="notNext">Label that would make the span longer; −1: any may follow.</param>
    public double SpanProbability(ReadOnlySpan<double> emissions, CrfPosterior posterior, int first, ReadOnlySpan<int> labels, int notNext)
    {
        ArgumentNullException.ThrowIfNull(posterior);
        using var work = new Workspace(Labels, 0);
        var next = work.Doubles;
        var probability = posterior.Marginals[first * Labels + labels[0]];
        for (var i = 1; i < labels.Length; i++)
        {
            Conditional(emissions, posterior, first + i - 1, labels[i - 1], next);
            probability *= next[labels[i]];
        }

        var last = first + labels.Length - 1;
        if (notNext >= 0 && last + 1 < posterior.Length)
        {
            Conditional(emissions, posterior, last, labels[^1], next);
            probability *= 1 - next[notNext];
        }

        return Math.Clamp(probability, 0, 1);
    }

    /// <summary>P(label at t + 1 | label at t): given the text, a CRF is a Markov chain.</summary>
    private void Conditional(ReadOnlySpan<double> emissions, CrfPosterior posterior, int t, int from, Span<double> next)
    {
        var row = (t + 1) * Labels;
        if (posterior.IsLogarithmic)
        {
            TensorPrimitives.Add(_transitions.AsSpan(from * Labels, Labels), emissions.Slice(row, Labels), next);
            TensorPrimitives.Add(next, posterior.BackwardBuffer.Slice(row, Labels), next);
            var max = TensorPrimitives.Max<double>(next);
            TensorPrimitives.Subtract(next, double.IsFinite(max) ? max : 0, next);
            TensorPrimitives.Exp<double>(next, next);
        }
        else
        {
            TensorPrimitives.Multiply(_transitionsExp.AsSpan(from * Labels, Labels), posterior.OnwardBuffer.Slice(row, Labels), next);
        }

        var sum = TensorPrimitives.Sum<double>(next);
        if (sum > 0)
            TensorPrimitives.Divide(next, sum, next);
    }

    /// <summary>Probabilities rescaled at every place (Rabiner 1989): no logarithm inside the loops. False: underflow, take logarithms.</summary>
    private bool TryScaled(ReadOnlySpan<double> emissions, CrfPosterior posterior)
    {
        var length = posterior.Length;
        var labels = Labels;
        using var work = new Workspace(length * labels * 2 + length, 0);
        var scaled = work.Doubles[..(length * labels)];
        var forward = work.Doubles.Slice(length * labels, length * labels);
        var norms = work.Doubles.Slice(2 * length * labels, length);
        var logPartition = _startMax + _endMax + (length - 1) * _transitionsMax;
        for (var t = 0; t < length; t++)
        {
            var emitted = emissions.Slice(t * labels, labels);
            var row = scaled.Slice(t * labels, labels);
            var max = TensorPrimitives.Max(emitted);
            TensorPrimitives.Subtract(emitted, max, row);
            TensorPrimitives.Exp<double>(row, row);
            var now = forward.Slice(t * labels, labels);
            if (t == 0)
            {
                _startExp.CopyTo(now);
            }
            else
            {
                now.Clear();
                var before = forward.Slice((t - 1) * labels, labels);
                for (var from = 0; from < labels; from++)
                    AddScaled(_transitionsExp.AsSpan(from * labels, labels), before[from], now);
            }

            var norm = 0.0;
            for (var label = 0; label < labels; label++)
            {
                now[label] *= row[label];
                norm += now[label];
            }

            if (!(norm > Tiny))
                return false;
            norms[t] = norm;
            logPartition += Math.Log(norm) + max;
            for (var label = 0; label < labels; label++)
                now[label] /= norm;
        }

        var final = TensorPrimitives.Dot(forward[^labels..], _endExp);
        if (!(final > Tiny))
            return false;
        posterior.LogPartition = logPartition + Math.Log(final);
        var backward = posterior.BackwardBuffer;
        TensorPrimitives.Divide(_endExp, final, backward[^labels..]);
        for (var t = length - 2; t >= 0; t--)
        {
            var later = (t + 1) * labels;
            var term = posterior.OnwardBuffer.Slice(later, labels);
            TensorPrimitives.Multiply(scaled.Slice(later, labels), backward.Slice(later, labels), term);
            for (var from = 0; from < labels; from++)
            {
                var sum = 0.0;
                var row = _transitionsExp.AsSpan(from * labels, labels);
                for (var label = 0; label < row.Length; label++)
                    sum += row[label] * term[label];
                backward[t * labels + from] = sum / norms[t + 1];
            }
        }

        if (!(TensorPrimitives.Max<double>(backward) < 1 / Tiny))
            return false;
        TensorPrimitives.Multiply(forward, backward, posterior.MarginalBuffer);
        posterior.IsLogarithmic = false;
        return double.IsFinite(posterior.LogPartition);
    }

    private static void AddScaled(ReadOnlySpan<double> row, double factor, Span<double> sum)
    {
        for (var label = 0; label < sum.Length; label++)
            sum[label] += row[label] * factor;
    }

    /// <summary>The same in logarithms: slower, and never loses a path.</summary>
    private void Logarithmic(ReadOnlySpan<double> emissions, CrfPosterior posterior)
    {
        var length = posterior.Length;
        var labels = Labels;
        using var work = new Workspace(length * labels + labels, 0);
        var forward = work.Doubles[..(length * labels)];
        var terms = work.Doubles[^labels..];
        var backward = posterior.BackwardBuffer;
        TensorPrimitives.Add(_start, emissions[..labels], forward[..labels]);
        for (var t = 1; t < length; t++)
        {
            for (var to = 0; to < labels; to++)
            {
                for (var from = 0; from < labels; from++)
                    terms[from] = forward[(t - 1) * labels + from] + _transitions[from * labels + to];
                forward[t * labels + to] = LogSumExp(terms) + emissions[t * labels + to];
            }
        }

        _end.CopyTo(backward[^labels..]);
        for (var t = length - 2; t >= 0; t--)
        {
            for (var from = 0; from < labels; from++)
            {
                for (var to = 0; to < labels; to++)
                    terms[to] = _transitions[from * labels + to] + emissions[(t + 1) * labels + to] + backward[(t + 1) * labels + to];
                backward[t * labels + from] = LogSumExp(terms);
            }
        }

        TensorPrimitives.Add(forward[^labels..], _end, terms);
        posterior.LogPartition = LogSumExp(terms);
        for (var i = 0; i < forward.Length; i++)
            posterior.MarginalBuffer[i] = Math.Exp(forward[i] + backward[i] - posterior.LogPartition);
        posterior.IsLogarithmic = true;
    }

    private static double LogSumExp(ReadOnlySpan<double> terms)
    {
        var max = TensorPrimitives.Max(terms);
        if (!double.IsFinite(max))
            return max;
        var sum = 0.0;
        foreach (var term in terms)
            sum += Math.Exp(term - max);
        return max + Math.Log(sum);
    }

    private static (double[] Scores, double[] Exp, double Max) Prepare(ReadOnlySpan<double> scores)
    {
        var max = TensorPrimitives.Max(scores);
        if (!double.IsFinite(max))
            throw new ArgumentException("Every score is infinite or one is not a number.", nameof(scores));
        var exp = new double[scores.Length];
        for (var i = 0; i < exp.Length; i++)
            exp[i] = Math.Exp(scores[i] - max);
        return (scores.ToArray(), exp, max);
    }

    private int LengthOf(ReadOnlySpan<double> emissions)
    {
        if (emissions.IsEmpty || emissions.Length % Labels != 0)
            throw new ArgumentException($"{emissions.Length} emissions are not a whole, positive number of rows of {Labels} labels.", nameof(emissions));
        return emissions.Length / Labels;
    }
}
