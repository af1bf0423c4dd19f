using System.Numerics.Tensors;
using Streaming.Contracts;
using Streaming.Core.Labelling;

namespace Streaming.Learning.Labelling;

/// <summary>
/// Examples out of a sample store: what people said (and what replay files did), never the control slice. The nearest to a text by
/// embedding, or always the first. Looks for new ones from time to time; holds the latest so many.
/// </summary>
/// <param name="store">The store.</param>
/// <param name="topology">Whose samples.</param>
/// <param name="count">Examples a prompt.</param>
/// <param name="embedder">Says which are near; null: always the same ones.</param>
/// <param name="time">Clock.</param>
public sealed class StoredExamples(ISampleStore store, string topology, int count, ITextEmbedder? embedder, TimeProvider time) : IExampleSource, IDisposable
{
    private const int Most = 2_000;
    private const int MaxLength = 2_000;

    private static readonly TimeSpan Refresh = TimeSpan.FromMinutes(1);

    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly Dictionary<LabelTask, List<(LabelledSample Sample, float[] Vector)>> _examples = [];
    private long _sequence;
    private long? _looked;

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<LabelledSample>> ForAsync(LabelTask task, string text, CancellationToken cancellationToken)
    {
        if (count == 0)
            return [];
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_looked is null || time.GetElapsedTime(_looked.Value) > Refresh)
                await LookAsync(cancellationToken).ConfigureAwait(false);
            if (!_examples.TryGetValue(task, out var known))
                return [];
            var others = known.Where(example => example.Sample.Text != text);
            if (embedder is null)
                return [.. others.Take(count).Select(static example => example.Sample)];
            var vector = (await embedder.EmbedAsync([text], cancellationToken).ConfigureAwait(false))[0];
            return [.. others.OrderByDescending(example => Cosine(example.Vector, vector)).Take(count).Reverse().Select(static example => example.Sample)];
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _turn.Dispose();

    private async ValueTask LookAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var page = await store.ListSamplesAsync(new SampleQuery { Topology = topology, ValidOnly = true, ControlSlice = false, AfterSequence = _sequence, Size = 1_000 }, cancellationToken).ConfigureAwait(false);
            if (page.Count == 0)
                break;
            var useful = page.Select(static stored => stored.Sample).Where(static sample => sample.LabellerKind is LabellerKind.Person or LabellerKind.Replay && sample.Text.Length is > 0 and <= MaxLength).ToList();
            var vectors = embedder is null || useful.Count == 0 ? [] : await embedder.EmbedAsync(useful.ConvertAll(static sample => sample.Text), cancellationToken).ConfigureAwait(false);
            for (var i = 0; i < useful.Count; i++)
                Add(useful[i], embedder is null ? [] : vectors[i]);
            _sequence = page[^1].Sequence;
        }

        _looked = time.GetTimestamp();
    }

    private void Add(LabelledSample sample, float[] vector)
    {
        if (!_examples.TryGetValue(sample.Task, out var known))
            _examples[sample.Task] = known = [];
        known.RemoveAll(example => example.Sample.Id == sample.Id);
        known.Add((sample, vector));
        // Fixed examples stay the first ones; of near ones the oldest make room.
        if (known.Count > (embedder is null ? count + 1 : Most))
            known.RemoveAt(embedder is null ? known.Count - 1 : 0);
    }

    private static double Cosine(float[] left, float[] right) =>
        TensorPrimitives.Norm<float>(left) is var a and > 0 && TensorPrimitives.Norm<float>(right) is var b and > 0 ? TensorPrimitives.Dot<float>(left, right) / (a * b) : 0;
}
