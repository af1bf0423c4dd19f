using Streaming.Core.Engine;
using Streaming.Core.Engine.Stages;

namespace Streaming.Adapters.AkkaStreams;

/// <summary>One call of the model, and the documents that ended with it. Reused within the graph.</summary>
internal sealed class ModelCall
{
    private readonly Lock _lock = new();
    private readonly List<InFlightDocument> _ended = [];

    public ModelCall() => OnEnded = Add;

    /// <summary>The windows to compute; none in a call that only carries documents past the model.</summary>
    public MicroBatch<ModelWindow> Batch { get; } = new();

    /// <summary>Whether there is something to compute.</summary>
    public bool HasBatch { get; set; }

    /// <summary>Documents of which it is known how they end.</summary>
    public IReadOnlyList<InFlightDocument> Ended => _ended;

    /// <summary>Adds to <see cref="Ended"/>.</summary>
    public Action<InFlightDocument> OnEnded { get; }

    public void Clear()
    {
        HasBatch = false;
        Batch.Clear(null);
        _ended.Clear();
    }

    private void Add(InFlightDocument document)
    {
        lock (_lock)
            _ended.Add(document);
    }
}
