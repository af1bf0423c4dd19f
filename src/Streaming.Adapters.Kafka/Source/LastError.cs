using Client = Confluent.Kafka;

namespace Streaming.Adapters.Kafka.Source;

/// <summary>What a client last complained about. Safe for concurrent use.</summary>
internal sealed class LastError
{
    private readonly Lock _lock = new();
    private Client.Error? _error;

    public void Set(Client.Error error)
    {
        lock (_lock)
            _error = error;
    }

    /// <summary>What it was, once; null: nothing since.</summary>
    public Client.Error? Take()
    {
        lock (_lock)
        {
            var error = _error;
            _error = null;
            return error;
        }
    }
}
