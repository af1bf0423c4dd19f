using Streaming.Adapters.Kafka;
using Streaming.Core;
using Streaming.Core.Topology;

namespace Streaming.Cli.Status;

/// <summary>How far a consumer group is behind, as its broker says: the group's, not this process's. Asked at most every few seconds.</summary>
internal sealed class GroupLag(TopologyDefinition topology, TimeProvider time) : IAsyncDisposable
{
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(5);
    private readonly SemaphoreSlim _turn = new(1, 1);
    private KafkaAdmin? _admin;
    private (long Messages, TimeSpan? Age)? _last;
    private long _at;

    /// <summary>Asks the broker once.</summary>
    /// <exception cref="DependencyUnavailableException">It does not answer.</exception>
    public static async Task<IReadOnlyList<KafkaPartitionLag>> DescribeAsync(TopologyDefinition topology, TimeProvider time, CancellationToken cancellationToken)
    {
        await using var admin = new KafkaAdmin(topology.Source.Kafka, time);
        return await admin.DescribeLagAsync(topology.Source.Group, topology.Source.Topics, cancellationToken);
    }

    /// <summary>Messages behind and the age of the oldest; null while the broker does not answer.</summary>
    public async ValueTask<(long Messages, TimeSpan? Age)?> ReadAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            if (_at != 0 && time.GetElapsedTime(_at) < Fresh)
                return _last;
            try
            {
                _admin ??= new KafkaAdmin(topology.Source.Kafka, time);
                var partitions = await _admin.DescribeLagAsync(topology.Source.Group, topology.Source.Topics, cancellationToken);
                _last = (partitions.Sum(static partition => partition.Messages), partitions.Max(static partition => partition.Age));
            }
            catch (StreamingException)
            {
                // The source says what is wrong; a figure that can't be had is left out.
                _last = null;
            }

            _at = time.GetTimestamp();
            return _last;
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_admin is not null)
            await _admin.DisposeAsync();
        _turn.Dispose();
    }
}
