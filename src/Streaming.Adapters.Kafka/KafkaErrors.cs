using Streaming.Core;
using Client = Confluent.Kafka;

namespace Streaming.Adapters.Kafka;

/// <summary>What the client's error codes mean here, and what a person can do about them.</summary>
internal static class KafkaErrors
{
    /// <summary>The group has moved on: whoever owns the partition now reads on from the last commit.</summary>
    public static bool IsLostCommit(Client.ErrorCode code) => code is
        Client.ErrorCode.IllegalGeneration or Client.ErrorCode.UnknownMemberId or Client.ErrorCode.RebalanceInProgress
        or Client.ErrorCode.FencedInstanceId or Client.ErrorCode.Local_AssignmentLost or Client.ErrorCode.Local_Destroy;

    /// <summary>Worth another try of the same thing.</summary>
    public static bool IsTransient(Client.ErrorCode code) => code is
        Client.ErrorCode.Local_Transport or Client.ErrorCode.Local_AllBrokersDown or Client.ErrorCode.Local_TimedOut
        or Client.ErrorCode.Local_TimedOutQueue or Client.ErrorCode.Local_WaitCoord or Client.ErrorCode.Local_MsgTimedOut
        or Client.ErrorCode.Local_Resolve or Client.ErrorCode.Local_Retry or Client.ErrorCode.Local_InProgress
        or Client.ErrorCode.Local_WaitCache or Client.ErrorCode.Local_Fail
        or Client.ErrorCode.GroupCoordinatorNotAvailable or Client.ErrorCode.NotCoordinatorForGroup or Client.ErrorCode.GroupLoadInProgress
        or Client.ErrorCode.RequestTimedOut or Client.ErrorCode.LeaderNotAvailable or Client.ErrorCode.NotLeaderForPartition
        or Client.ErrorCode.NotEnoughReplicas or Client.ErrorCode.NotEnoughReplicasAfterAppend or Client.ErrorCode.NetworkException
        or Client.ErrorCode.BrokerNotAvailable or Client.ErrorCode.ReplicaNotAvailable or Client.ErrorCode.KafkaStorageError
        or Client.ErrorCode.Local_PurgeQueue or Client.ErrorCode.Local_PurgeInflight or Client.ErrorCode.UnstableOffsetCommit;

    /// <summary>Signs that the broker cannot be reached at all.</summary>
    public static bool IsAway(Client.ErrorCode code) => code is
        Client.ErrorCode.Local_AllBrokersDown or Client.ErrorCode.Local_Transport or Client.ErrorCode.Local_Resolve;

    /// <summary>Wrong credentials or wrong security protocol.</summary>
    public static bool IsAuthentication(Client.ErrorCode code) => code is
        Client.ErrorCode.Local_Authentication or Client.ErrorCode.SaslAuthenticationFailed or Client.ErrorCode.Local_Ssl
        or Client.ErrorCode.IllegalSaslState or Client.ErrorCode.UnsupportedSaslMechanism;

    /// <summary>Not allowed by the broker's access rules.</summary>
    public static bool IsAuthorization(Client.ErrorCode code) => code is
        Client.ErrorCode.TopicAuthorizationFailed or Client.ErrorCode.GroupAuthorizationFailed or Client.ErrorCode.ClusterAuthorizationFailed
        or Client.ErrorCode.TransactionalIdAuthorizationFailed;

    public static StreamingException Unreachable(string servers, string detail, Exception? inner = null) => new DependencyUnavailableException(
        "kafka_unreachable",
        $"No Kafka broker answers at bootstrap.servers={servers}{Because(detail)}. Start the broker or mend the address (STREAMING_KAFKA_BOOTSTRAP or the topology's bootstrap.servers).",
        inner);

    public static StreamingException Authentication(string servers, string detail, Exception? inner = null) => new(
        "kafka_authentication_failed",
        $"The Kafka broker at bootstrap.servers={servers} refuses the credentials or the protocol{Because(detail)}. Mend security.protocol, sasl.mechanism, sasl.username and sasl.password (or ssl.*).",
        ExitCode.Usage,
        inner);

    public static StreamingException Authorization(string what, string detail) => new(
        "kafka_not_authorized",
        $"The Kafka broker does not allow {what}{Because(detail)}. Ask for the access rule, or use other credentials (sasl.username).");

    public static StreamingException TopicMissing(IEnumerable<string> topics) => new(
        "kafka_topic_missing",
        $"Kafka has no topic {string.Join(", ", topics)}. Create what a topology needs with: streaming topics create TOPOLOGY.");

    private static string Because(string detail) => detail.Length == 0 ? "" : $" ({detail})";
}
