using Streaming.Core.Models;

namespace Streaming.Core.Engine.Stages;

/// <summary>
/// The texts that lately went to the model, so that an exact duplicate takes their result instead of a pass of its own.
/// Bounded in texts and in bytes, the oldest leave first. Safe for concurrent use.
/// </summary>
/// <remarks>
/// Why it is correct: two texts are duplicates only when they are equal code unit by code unit and were prepared by the same
/// model object. What a model finds depends on nothing but the text (no neighbour, no padding, no order), so equal texts have
/// equal windows and equal results. Everything else stays each document's own: id, key, version, offset, times, metadata,
/// and its place in its partition. A result is shared only when it is a success: when the first of them fails or loses its
/// partition, those that waited are computed themselves.
/// </remarks>
internal sealed class DuplicateWindow(BatchingOptions options)
{
    private const int Overhead = 256;

    // The model in force, and the candidate that is tried beside it.
    private const int MaxModels = 2;

    // A text as UTF-16, and about as much again for what was found in it.
    private const int BytesPerUnit = 4;

    private readonly Lock _lock = new();
    private readonly Dictionary<(IEnrichmentModel Model, string Text), SharedInference> _byText = [];
    private readonly Queue<SharedInference> _oldestFirst = new();
    private readonly List<IEnrichmentModel> _models = [];
    private long _bytes;

    /// <summary>Looks for an equal text. When one is on its way, the document waits for it from here on.</summary>
    /// <param name="document">Decoded, not prepared.</param>
    /// <param name="text">Its text.</param>
    /// <param name="lease">What keeps the model alive.</param>
    /// <param name="use">The model it would be prepared with.</param>
    /// <param name="result">What was found in the equal text, when that is known already.</param>
    /// <returns>False when the document must be computed.</returns>
    public bool TryJoin(InFlightDocument document, Contracts.TextMessage text, SharedLease lease, ModelUse use, out Annotations? result)
    {
        result = null;
        if (options.ShareDuplicates == 0)
            return false;
        lock (_lock)
        {
            if (!_byText.TryGetValue((use.Model, text.Text), out var shared))
                return false;
            result = shared.Result;
            if (result is null)
            {
                document.Follow(text, lease, use);
                (shared.Followers ??= []).Add(document);
            }

            return true;
        }
    }

    /// <summary>From here on equal texts wait for this document's result, or take it.</summary>
    public void Lead(InFlightDocument document, string text, IEnrichmentModel model)
    {
        var cost = Overhead + ((long)BytesPerUnit * text.Length);
        if (options.ShareDuplicates == 0 || cost > options.ShareDuplicatesBytes)
            return;
        var shared = new SharedInference(model, text, cost);
        lock (_lock)
        {
            if (!_models.Contains(model))
                Enter(model);

            // Another worker was a moment faster: this document is computed for itself.
            if (!_byText.TryAdd((model, text), shared))
                return;
            document.Share = shared;
            _oldestFirst.Enqueue(shared);
            _bytes += cost;
            while (_oldestFirst.Count > options.ShareDuplicates || _bytes > options.ShareDuplicatesBytes)
            {
                var oldest = _oldestFirst.Dequeue();
                _bytes -= oldest.Cost;
                Forget(oldest);
            }
        }
    }

    /// <summary>It is known how the first document ended.</summary>
    /// <param name="shared">What it led.</param>
    /// <param name="result">What was found; null when there is nothing to share.</param>
    /// <returns>Documents that waited for it; null when there is none.</returns>
    public List<InFlightDocument>? Resolve(SharedInference shared, Annotations? result)
    {
        lock (_lock)
        {
            shared.Result = result;
            if (result is null)
                Forget(shared);
            var followers = shared.Followers;
            shared.Followers = null;
            return followers;
        }
    }

    // One that has been replaced is not asked for again: with the third all before it are let go of.
    private void Enter(IEnrichmentModel model)
    {
        if (_models.Count == MaxModels)
        {
            _models.Clear();
            _byText.Clear();
            _oldestFirst.Clear();
            _bytes = 0;
        }

        _models.Add(model);
    }

    private void Forget(SharedInference shared)
    {
        if (_byText.TryGetValue((shared.Model, shared.Text), out var there) && ReferenceEquals(there, shared))
            _byText.Remove((shared.Model, shared.Text));
    }
}
