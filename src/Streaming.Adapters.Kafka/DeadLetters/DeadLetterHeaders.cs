using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Streaming.Contracts;
using Streaming.Core.Messaging;

namespace Streaming.Adapters.Kafka;

/// <summary>
/// A dead letter as a Kafka record: key, value and headers are the original's, byte for byte, and headers of its own
/// tell where it lay and why it was given up. So any Kafka tool can read it, and a redrive is a plain copy.
/// </summary>
public static class DeadLetterHeaders
{
    /// <summary>Where it lay: topic.</summary>
    public const string Topic = "streaming-topic";

    /// <summary>Where it lay: partition.</summary>
    public const string Partition = "streaming-partition";

    /// <summary>Where it lay: offset.</summary>
    public const string Offset = "streaming-offset";

    /// <summary>The original's timestamp, milliseconds since 1970.</summary>
    public const string Timestamp = "streaming-timestamp";

    /// <summary>Stage that refused it.</summary>
    public const string Stage = "streaming-stage";

    /// <summary>Stable error code.</summary>
    public const string Code = "streaming-code";

    /// <summary>A sentence.</summary>
    public const string Reason = "streaming-reason";

    /// <summary>When it was given up, ISO 8601.</summary>
    public const string FailedAt = "streaming-failed-at";

    /// <summary>Topology that gave it up.</summary>
    public const string Topology = "streaming-topology";

    /// <summary>Set when the value is cut: length of the whole one, in bytes. Topic, partition and offset point at it.</summary>
    public const string FullLength = "streaming-value-length";

    /// <summary>Set when the value is cut: SHA-256 of the whole one, hexadecimal.</summary>
    public const string Sha256 = "streaming-value-sha256";

    /// <summary>The only header of a record that is no letter but a mark: the letter of this place was chosen and redriven.</summary>
    public const string Redriven = "streaming-redriven";

    private const string Prefix = "streaming-";

    /// <summary>What a letter is called by: where its message lay.</summary>
    public static string IdOf(DeadLetter letter) => string.Create(CultureInfo.InvariantCulture, $"{letter.Topic}-{letter.Partition}-{letter.Offset}");

    /// <summary>The mark that a letter was redriven, for the dead-letter topic.</summary>
    public static OutgoingMessage ToMark(string id) => new() { Headers = [new MessageHeader(Redriven, Encoding.UTF8.GetBytes(id))] };

    /// <summary>The id of the letter that a record marks as redriven; null when it is no mark.</summary>
    public static string? MarkOf(SourceMessage record) =>
        record.Value is null && record.Headers is [{ Name: Redriven, Value: { } id }] ? Encoding.UTF8.GetString(id) : null;

    /// <summary>The record to write. With <paramref name="limit"/> the value is cut to so many bytes and the original's headers are left out.</summary>
    public static OutgoingMessage ToRecord(DeadLetter letter, int? limit = null)
    {
        var headers = new List<MessageHeader>();
        if (limit is null)
        {
            // What an earlier round added is said anew below.
            foreach (var header in letter.Headers)
            {
                if (!header.Name.StartsWith(Prefix, StringComparison.Ordinal))
                    headers.Add(header);
            }
        }

        Add(headers, Topic, letter.Topic);
        Add(headers, Partition, letter.Partition.ToString(CultureInfo.InvariantCulture));
        Add(headers, Offset, letter.Offset.ToString(CultureInfo.InvariantCulture));
        Add(headers, Timestamp, letter.Timestamp.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture));
        Add(headers, Stage, letter.Stage);
        Add(headers, Code, letter.Code);
        Add(headers, Reason, Cut(letter.Reason, 1_000));
        Add(headers, MessageHeader.Attempts, letter.Attempts.ToString(CultureInfo.InvariantCulture));
        Add(headers, FailedAt, letter.FailedAt.UtcDateTime.ToString("O", CultureInfo.InvariantCulture));
        Add(headers, Topology, letter.Topology);
        var value = letter.Value;
        if (limit is { } bytes && value is not null)
        {
            Add(headers, FullLength, value.Length.ToString(CultureInfo.InvariantCulture));
            Add(headers, Sha256, Convert.ToHexStringLower(SHA256.HashData(value)));
            value = value.AsSpan(0, Math.Min(bytes, value.Length)).ToArray();
        }

        // A key too large for the record is left out too: the pointer finds it.
        var key = limit is { } most && letter.Key?.Length > most ? null : letter.Key;
        return new OutgoingMessage
        {
            Key = key is null ? (ReadOnlyMemory<byte>?)null : key,
            Value = value is null ? (ReadOnlyMemory<byte>?)null : value,
            Headers = headers,
        };
    }

    /// <summary>Reads a record back, or null when it is not a dead letter.</summary>
    /// <param name="record">A record of a dead-letter topic.</param>
    /// <param name="sha256">Hash of the whole value when the record's is cut, else null.</param>
    public static DeadLetter? FromRecord(SourceMessage record, out string? sha256)
    {
        sha256 = null;
        var found = new Dictionary<string, string>(StringComparer.Ordinal);
        var original = new List<MessageHeader>();
        foreach (var header in record.Headers)
        {
            if (header.Name.StartsWith(Prefix, StringComparison.Ordinal))
                found[header.Name] = Encoding.UTF8.GetString(header.Value ?? []);
            else
                original.Add(header);
        }

        if (!found.TryGetValue(Topic, out var topic) || topic.Length == 0
            || !int.TryParse(found.GetValueOrDefault(Partition), NumberStyles.None, CultureInfo.InvariantCulture, out var partition)
            || !long.TryParse(found.GetValueOrDefault(Offset), NumberStyles.None, CultureInfo.InvariantCulture, out var offset)
            || !long.TryParse(found.GetValueOrDefault(Timestamp), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var timestamp)
            || !int.TryParse(found.GetValueOrDefault(MessageHeader.Attempts), NumberStyles.None, CultureInfo.InvariantCulture, out var attempts))
            return null;
        sha256 = found.GetValueOrDefault(Sha256);
        _ = DateTimeOffset.TryParse(found.GetValueOrDefault(FailedAt), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var failedAt);
        return new DeadLetter
        {
            Topic = topic,
            Partition = partition,
            Offset = offset,
            Timestamp = KafkaTime.From(timestamp),
            Key = record.Key?.ToArray(),
            Value = record.Value?.ToArray(),
            Headers = original,
            Stage = found.GetValueOrDefault(Stage, ""),
            Code = found.GetValueOrDefault(Code, ""),
            Reason = found.GetValueOrDefault(Reason, ""),
            Attempts = attempts,
            FailedAt = failedAt,
            Topology = found.GetValueOrDefault(Topology, ""),
        };
    }

    private static void Add(List<MessageHeader> headers, string name, string value) =>
        headers.Add(new MessageHeader(name, Encoding.UTF8.GetBytes(value)));

    private static string Cut(string text, int most) => text.Length <= most ? text : text[..most];
}
