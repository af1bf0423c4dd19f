namespace Streaming.Adapters.AkkaStreams;

/// <summary>Calls a stage from outside the graph, once it has started.</summary>
internal sealed class Wake
{
    private Action? _callback;

    /// <summary>The stage has started; this is safe to call from any thread.</summary>
    public void Attach(Action callback) => Volatile.Write(ref _callback, callback);

    /// <summary>Calls the stage, if it has started.</summary>
    public void Signal() => Volatile.Read(ref _callback)?.Invoke();
}
