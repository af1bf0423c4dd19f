using Akka;
using Streaming.Core.Engine.Stages;

namespace Streaming.Adapters.AkkaStreams;

/// <summary>
/// Containers that go round in a graph. Not safe for concurrent use: only stages touch it, and a fused graph is one actor.
/// What a failed run leaves in flight is not returned.
/// </summary>
internal sealed class Pools
{
    private readonly Stack<PreparedChunk> _chunks = new();
    private readonly Stack<ModelCall> _calls = new();
    private readonly Stack<List<InFlightDocument>> _lists = new();

    public PreparedChunk RentChunk() => _chunks.TryPop(out var chunk) ? chunk : new PreparedChunk();

    public void Return(PreparedChunk chunk)
    {
        chunk.Clear();
        _chunks.Push(chunk);
    }

    public ModelCall RentCall() => _calls.TryPop(out var call) ? call : new ModelCall();

    public void Return(ModelCall call)
    {
        call.Clear();
        _calls.Push(call);
    }

    public List<InFlightDocument> RentList() => _lists.TryPop(out var list) ? list : [];

    public NotUsed Return(List<InFlightDocument> list)
    {
        list.Clear();
        _lists.Push(list);
        return NotUsed.Instance;
    }
}
