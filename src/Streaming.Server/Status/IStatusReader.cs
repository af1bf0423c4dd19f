namespace Streaming.Server.Status;

/// <summary>Tells how far the topologies are.</summary>
public interface IStatusReader
{
    /// <summary>Counts as they are now.</summary>
    ValueTask<ServerStatus> ReadAsync(CancellationToken cancellationToken);
}
