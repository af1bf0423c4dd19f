using Streaming.Core.Engine.Stages;

namespace Streaming.Adapters.AkkaStreams;

/// <summary>A chunk of messages after preparing. Reused within the graph.</summary>
internal sealed class PreparedChunk
{
    public PreparedChunk() => OnEnded = Ended.Add;

    /// <summary>Messages in it.</summary>
    public int Count { get; set; }

    /// <summary>What the model is to compute.</summary>
    public List<ModelWindow> Windows { get; } = [];

    /// <summary>Documents that need no model.</summary>
    public List<InFlightDocument> Ended { get; } = [];

    /// <summary>Adds to <see cref="Ended"/>.</summary>
    public Action<InFlightDocument> OnEnded { get; }

    public void Clear()
    {
        Count = 0;
        Windows.Clear();
        Ended.Clear();
    }
}
