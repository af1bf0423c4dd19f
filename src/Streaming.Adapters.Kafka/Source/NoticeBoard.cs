using Streaming.Core.Telemetry;

namespace Streaming.Adapters.Kafka.Source;

/// <summary>Says once that the brokers are away and once that they are back.</summary>
internal sealed class NoticeBoard(Action<Notice>? listener, string servers)
{
    private int _away;

    public void Say(NoticeLevel level, string code, string message) => listener?.Invoke(new Notice(level, code, message));

    public void Away(string detail)
    {
        if (Interlocked.Exchange(ref _away, 1) == 1)
            return;
        KafkaMetrics.Away.Add(1);
        Say(NoticeLevel.Warning, "kafka_away", $"No Kafka broker at bootstrap.servers={servers} answers ({detail}); waiting, nothing is lost.");
    }

    public void Back()
    {
        if (Volatile.Read(ref _away) == 0 || Interlocked.Exchange(ref _away, 0) == 0)
            return;
        Say(NoticeLevel.Information, "kafka_back", $"Kafka at bootstrap.servers={servers} answers again.");
    }
}
