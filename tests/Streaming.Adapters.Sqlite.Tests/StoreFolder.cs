using Streaming.Core.Messaging;

namespace Streaming.Adapters.Sqlite.Tests;

/// <summary>A folder of its own for one test, gone at its end.</summary>
internal sealed class StoreFolder : IDisposable
{
    internal StoreFolder() => Folder = Directory.CreateTempSubdirectory("streaming-store-").FullName;

    internal string Folder { get; }

    internal string File => Path.Combine(Folder, EmbeddedStore.FileName);

    internal Task<EmbeddedStore> OpenAsync(EmbeddedStoreOptions? options = null) => EmbeddedStore.OpenAsync(File, options, TimeProvider.System, CancellationToken.None);

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}

/// <summary>Remembers what it was told.</summary>
internal sealed class Assignments : IAssignmentListener
{
    internal List<PartitionCommit> Assigned { get; } = [];

    public void OnAssigned(IReadOnlyList<PartitionCommit> partitions, int epoch) => Assigned.AddRange(partitions);

    public ValueTask OnRevokingAsync(IReadOnlyList<TopicPartition> partitions, CancellationToken cancellationToken) => ValueTask.CompletedTask;

    public void OnLost(IReadOnlyList<TopicPartition> partitions) => throw new InvalidOperationException("An embedded store loses no partitions.");
}
