namespace Streaming.Core.Messaging;

/// <summary>A commit: everything below <paramref name="NextOffset"/> is done; reading resumes there.</summary>
public readonly record struct PartitionCommit(TopicPartition Partition, long NextOffset);
