namespace Streaming.Adapters.Kafka;

/// <summary>A topic to create.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Partitions">1 or more; order holds within one.</param>
/// <param name="ReplicationFactor">Copies, 1 or more.</param>
/// <param name="Settings">Topic settings by Kafka's own names, e.g. <c>cleanup.policy</c>.</param>
public sealed record KafkaTopic(string Name, int Partitions, short ReplicationFactor, IReadOnlyDictionary<string, string>? Settings = null);

/// <summary>How far a group is behind in one partition.</summary>
/// <param name="Topic">Topic.</param>
/// <param name="Partition">Partition.</param>
/// <param name="Committed">Committed offset, or null when the group has none.</param>
/// <param name="End">Offset behind the newest message.</param>
/// <param name="Messages">Messages not yet committed.</param>
/// <param name="Age">Age of the oldest of them; null when there is none.</param>
public sealed record KafkaPartitionLag(string Topic, int Partition, long? Committed, long End, long Messages, TimeSpan? Age);
