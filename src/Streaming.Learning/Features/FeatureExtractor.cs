using System.Numerics.Tensors;
using Streaming.Core;
using Streaming.Core.Models;
using Streaming.Core.Models.Bundle;
using Streaming.Learning.Data;
using Streaming.Text.Analysis;
using Streaming.Text.Features;
using Streaming.Text.Tokenization;
using Streaming.Text.Words;

namespace Streaming.Learning.Features;

/// <summary>Receives the vectors of one text, in the order that batches make, not that of the texts.</summary>
/// <param name="text">Which text.</param>
/// <param name="rows">Row-major, one row a word, or one row for the whole text; valid during the call.</param>
public delegate void FeatureSink(int text, ReadOnlySpan<float> rows);

/// <summary>
/// Runs texts through the preparer, encoder and <see cref="FeatureReader"/> that serving uses, and gathers what a head reads.
/// Texts are sorted by length and batched under a token budget; a text's vectors depend on itself alone.
/// </summary>
public sealed class FeatureExtractor
{
    private readonly IModelRunner _runner;
    private readonly TextPreparer _preparer;
    private readonly int _maxBatchTokens;

    /// <param name="runner">The encoder.</param>
    /// <param name="tokenizer">Its tokeniser.</param>
    /// <param name="maxBatchTokens">Token places of a batch, padding counted; a longer text goes alone.</param>
    public FeatureExtractor(IModelRunner runner, ITokenizer tokenizer, int maxBatchTokens = 1024)
    {
        ArgumentNullException.ThrowIfNull(runner);
        _runner = runner;
        _preparer = new TextPreparer(tokenizer, runner.Info, new WindowOptions());
        _maxBatchTokens = maxBatchTokens;
    }

    /// <summary>What the encoder takes and gives.</summary>
    public EncoderInfo Encoder => _runner.Info;

    /// <summary>Gathers vectors.</summary>
    /// <param name="texts">Each with its words; words are not looked at for heads on whole texts.</param>
    /// <param name="layout">What to gather.</param>
    /// <param name="sink">Receives each text's vectors once; zeros for a text without a token.</param>
    /// <param name="progress">Told how many texts are done.</param>
    /// <param name="cancellationToken">Observed before each batch.</param>
    /// <exception cref="StreamingException"><c>data_text_refused</c>: a text that serving would refuse.</exception>
    public async ValueTask ExtractAsync(
        IReadOnlyList<(string Text, IReadOnlyList<CharSpan> Words)> texts,
        FeatureLayout layout,
        FeatureSink sink,
        Action<int>? progress,
        CancellationToken cancellationToken)
    {
        var order = new (int Length, int Index)[texts.Count];
        var prepared = new PreparedText[texts.Count];
        for (var i = 0; i < prepared.Length; i++)
        {
            prepared[i] = Prepare(texts[i].Text, layout.Unit == HeadUnit.Token ? texts[i].Words : []);
            order[i] = (prepared[i].TokenCount, i);
        }

        Array.Sort(order);
        var run = new Run(layout, sink);
        var longest = 0;
        foreach (var (_, index) in order)
        {
            var text = new Pending(index, prepared[index], new float[(layout.Unit == HeadUnit.Token ? texts[index].Words.Count : 1) * layout.Inputs]);
            if (text.Source.Windows.Count == 0)
            {
                run.Finish(text);
                continue;
            }

            for (var window = 0; window < text.Source.Windows.Count; window++)
            {
                var length = text.Source.Windows[window].Length;
                if (run.Count > 0 && Math.Max(longest, length) * (run.Count + 1) > _maxBatchTokens)
                {
                    await run.FlushAsync(_runner, cancellationToken).ConfigureAwait(false);
                    progress?.Invoke(run.Done);
                    longest = 0;
                }

                longest = Math.Max(longest, length);
                run.Add(text, window);
            }
        }

        await run.FlushAsync(_runner, cancellationToken).ConfigureAwait(false);
        progress?.Invoke(run.Done);
    }

    private PreparedText Prepare(string text, IReadOnlyList<CharSpan> words)
    {
        var spans = new WordSpan[words.Count];
        for (var i = 0; i < spans.Length; i++)
            spans[i] = new WordSpan(words[i].Start, words[i].End);
        var outcome = _preparer.Prepare(text, spans);
        return outcome.IsSuccess
            ? outcome.Value
            : throw new StreamingException("data_text_refused", $"A text of the data can't be used: {outcome.Failure.Reason} Mend or remove it.");
    }

    private sealed record Pending(int Index, PreparedText Source, float[] Rows);

    /// <summary>One batch being gathered, run and read.</summary>
    private sealed class Run(FeatureLayout layout, FeatureSink sink)
    {
        private readonly List<(Pending Text, int Window)> _batch = [];
        private readonly List<TokenSequence> _sequences = [];

        public int Count => _batch.Count;

        public int Done { get; private set; }

        public void Add(Pending text, int window)
        {
            _batch.Add((text, window));
            _sequences.Add(text.Source.Windows[window]);
        }

        public async ValueTask FlushAsync(IModelRunner runner, CancellationToken cancellationToken)
        {
            if (_batch.Count == 0)
                return;
            using (var output = await runner.RunAsync(_sequences, cancellationToken).ConfigureAwait(false))
            {
                for (var row = 0; row < _batch.Count; row++)
                {
                    var (text, window) = _batch[row];
                    if (layout.Unit == HeadUnit.Token)
                        ReadWords(text, window, output, row);
                    else
                        AddTokens(text, window, output, row);
                    if (window + 1 == text.Source.Windows.Count)
                        Finish(text);
                }
            }

            _batch.Clear();
            _sequences.Clear();
        }

        public void Finish(Pending text)
        {
            sink(text.Index, text.Rows);
            text.Source.Dispose();
            Done++;
        }

        private void ReadWords(Pending text, int window, EncoderOutput output, int row)
        {
            var plan = text.Source.Plan[window];
            var (from, to) = text.Source.WordsOf(plan);
            for (var word = from; word < to; word++)
            {
                var span = text.Source.Words[word];
                FeatureReader.ReadWord(
                    layout, output, row, text.Source.Anchors[word] - plan.Start + 1, text.Source.Text.AsSpan(span.Start, span.Length),
                    text.Source.SentenceInitial[word], text.Rows.AsSpan(word * layout.Inputs, layout.Inputs));
            }
        }

        private void AddTokens(Pending text, int window, EncoderOutput output, int row)
        {
            var (from, to) = text.Source.PlacesOf(window);
            var sum = new float[layout.Inputs];
            FeatureReader.SumTokens(layout, output, row, from, to, sum);
            TensorPrimitives.Add(text.Rows, sum, text.Rows);
            if (window + 1 == text.Source.Windows.Count)
                TensorPrimitives.Divide(text.Rows, text.Source.CoveredTokens + 2, text.Rows);
        }
    }
}
