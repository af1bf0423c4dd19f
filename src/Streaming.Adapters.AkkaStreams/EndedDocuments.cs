using Streaming.Core.Engine.Stages;

namespace Streaming.Adapters.AkkaStreams;

/// <summary>Documents of which a call found out how they end.</summary>
internal sealed class EndedDocuments
{
    private readonly Lock _lock = new();
    private readonly List<InFlightDocument> _documents = [];

    /// <summary>Any thread.</summary>
    public void Add(InFlightDocument document)
    {
        lock (_lock)
            _documents.Add(document);
    }

    /// <summary>Lets them go on in their substreams. The graph's actor alone, once the call has returned.</summary>
    public void Mark()
    {
        foreach (var document in _documents)
            document.Known!.SetResult(document);
    }
}
