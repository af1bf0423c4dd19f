using System.Numerics.Tensors;
using Streaming.Text.Sequences;

namespace Streaming.Learning.Heads;

/// <summary>
/// Negative log-likelihood of a linear-chain CRF and its derivatives. Where the data does not say which label a word has, all paths through
/// the labels it may have count as right (Tsuboi et al., COLING 2008): log Z of all paths minus log Z of the allowed ones. Not safe for concurrent use.
/// </summary>
internal sealed class ChainLoss : IDisposable
{
    /// <summary>Score of what must not be.</summary>
    public const float Forbidden = -10_000;

    private readonly CrfPosterior _free = new();
    private readonly CrfPosterior _held = new();
    private double[] _emissions = [];
    private double[] _constrained = [];
    private double[] _expected = [];

    /// <summary>IOB2: which starts and moves must not be; I comes only after B or I of its type.</summary>
    /// <param name="outputs">Tags.</param>
    /// <returns>Transitions [from, to], then start, then end.</returns>
    public static bool[] ForbiddenMoves(IReadOnlyList<string> outputs)
    {
        var labels = outputs.Count;
        var forbidden = new bool[(labels * labels) + (2 * labels)];
        for (var to = 0; to < labels; to++)
        {
            if (!outputs[to].StartsWith("I-", StringComparison.Ordinal))
                continue;
            forbidden[(labels * labels) + to] = true;
            for (var from = 0; from < labels; from++)
                forbidden[(from * labels) + to] = outputs[from] == "O" || outputs[from][2..] != outputs[to][2..];
        }

        return forbidden;
    }

    /// <summary>One chain.</summary>
    /// <param name="crf">Its scores.</param>
    /// <param name="logits">[words, labels]; receives the derivatives of the loss.</param>
    /// <param name="allowed">Outputs each word may have, as bits.</param>
    /// <param name="chain">Derivatives of transitions [from, to], start and end are added to it.</param>
    /// <returns>The loss.</returns>
    public double Add(LinearChainCrf crf, Span<float> logits, ReadOnlySpan<uint> allowed, Span<double> chain)
    {
        var labels = crf.Labels;
        var squares = labels * labels;
        if (_emissions.Length < logits.Length)
            (_emissions, _constrained) = (new double[logits.Length], new double[logits.Length]);
        if (_expected.Length < squares)
            _expected = new double[squares];
        var emissions = _emissions.AsSpan(0, logits.Length);
        var constrained = _constrained.AsSpan(0, logits.Length);
        for (var i = 0; i < logits.Length; i++)
        {
            emissions[i] = logits[i];
            constrained[i] = (allowed[i / labels] >> (i % labels) & 1) != 0 ? logits[i] : Forbidden;
        }

        crf.Infer(emissions, _free);
        crf.Infer(constrained, _held);
        for (var i = 0; i < logits.Length; i++)
            logits[i] = (float)(_free.Marginals[i] - _held.Marginals[i]);
        crf.AddExpectedTransitions(emissions, _free, chain[..squares]);
        var expected = _expected.AsSpan(0, squares);
        expected.Clear();
        crf.AddExpectedTransitions(constrained, _held, expected);
        TensorPrimitives.Subtract(chain[..squares], expected, chain[..squares]);
        for (var k = 0; k < labels; k++)
        {
            chain[squares + k] += logits[k];
            chain[squares + labels + k] += logits[^(labels - k)];
        }

        return _free.LogPartition - _held.LogPartition;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _free.Dispose();
        _held.Dispose();
    }
}
