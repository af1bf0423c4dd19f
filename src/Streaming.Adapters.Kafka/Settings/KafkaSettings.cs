using System.Globalization;
using System.Text;
using Streaming.Adapters.Kafka.Native;
using Streaming.Core;

namespace Streaming.Adapters.Kafka;

/// <summary>Client settings by their own names: secrets fetched, every mistake found at once, the product's own kept apart.</summary>
public static class KafkaSettings
{
    private static readonly Dictionary<string, string> Reserved = new(StringComparer.Ordinal)
    {
        ["enable.auto.commit"] = "offsets are committed when a document is acknowledged",
        ["enable.auto.offset.store"] = "offsets are committed when a document is acknowledged",
        ["auto.commit.interval.ms"] = "offsets are committed when a document is acknowledged",
        ["auto.offset.reset"] = "set the source's start position instead",
        ["group.id"] = "set the source's group instead",
        ["enable.partition.eof"] = "it has no meaning here",
        ["enable.idempotence"] = "it is always on",
        ["acks"] = "it is always all",
        ["request.required.acks"] = "it is always all",
    };

    // Settings that only one of the two kinds of client knows; shared settings may be given to both.
    private static readonly string[] ConsumerOnly =
    [
        "group.", "session.timeout.ms", "heartbeat.interval.ms", "max.poll.interval.ms", "partition.assignment.strategy",
        "isolation.level", "fetch.", "queued.", "check.crcs", "coordinator.query.interval.ms", "client.rack", "max.partition.fetch.bytes",
    ];

    private static readonly string[] ProducerOnly =
    [
        "queue.buffering.", "linger.ms", "message.send.max.retries", "retries", "batch.", "compression.", "message.timeout.ms",
        "delivery.timeout.ms", "request.timeout.ms", "transaction", "partitioner", "delivery.report.only.error", "dr_cb",
        "sticky.partitioning.linger.ms", "enable.gapless.guarantee",
    ];

    private const string SetupTimeout = "socket.connection.setup.timeout.ms";

    private static readonly string[] SecretParts = ["password", "secret", "ssl.key.pem", "ssl_key", "token", "sasl.oauthbearer.config"];

    /// <summary>Checks every name and value against the client library and fetches what <c>env:</c> and <c>file:</c> point at.</summary>
    /// <exception cref="StreamingException"><c>kafka_setting_invalid</c> naming each wrong setting; exit code 2.</exception>
    public static IReadOnlyDictionary<string, string> Resolve(IReadOnlyDictionary<string, string> settings)
    {
        KafkaLibrary.Load();
        var resolved = new Dictionary<string, string>(StringComparer.Ordinal);
        var errors = new List<string>();
        foreach (var (name, raw) in settings)
        {
            if (Reserved.TryGetValue(name, out var why))
            {
                errors.Add($"{name}: not yours to set, {why}");
                continue;
            }

            if (Fetch(name, raw, errors) is not { } value)
                continue;
            var error = Check(name, value);
            if (error is null)
                resolved[name] = value;
            else
                errors.Add(error);
        }

        if (errors.Count == 0 && string.IsNullOrWhiteSpace(resolved.GetValueOrDefault("bootstrap.servers", resolved.GetValueOrDefault("metadata.broker.list", ""))))
            errors.Add("bootstrap.servers: missing; give one or more host:port, separated by commas");
        if (errors.Count > 0)
            throw new StreamingException("kafka_setting_invalid", "Kafka client settings: " + string.Join("; ", errors) + ".");
        return resolved;
    }

    /// <summary>The settings a consumer takes.</summary>
    public static Dictionary<string, string> ForConsumer(IReadOnlyDictionary<string, string> resolved) => Without(resolved, ProducerOnly);

    /// <summary>The settings a producer takes.</summary>
    public static Dictionary<string, string> ForProducer(IReadOnlyDictionary<string, string> resolved) => Without(resolved, ConsumerOnly);

    /// <summary>The settings an administrative client takes.</summary>
    public static Dictionary<string, string> ForAdmin(IReadOnlyDictionary<string, string> resolved) => Without(Without(resolved, ConsumerOnly), ProducerOnly);

    /// <summary>True when the value of this setting must not be shown.</summary>
    public static bool IsSecret(string name)
    {
        foreach (var part in SecretParts)
        {
            if (name.Contains(part, StringComparison.Ordinal))
                return true;
        }

        return false;
    }

    /// <summary>Settings for logs and <c>explain</c>: secrets as <c>***</c>.</summary>
    public static string Describe(IReadOnlyDictionary<string, string> settings)
    {
        var text = new StringBuilder();
        foreach (var (name, value) in settings)
            text.Append(text.Length == 0 ? "" : ", ").Append(name).Append('=').Append(IsSecret(name) ? "***" : value);
        return text.ToString();
    }

    /// <summary>True when the client library of this machine has this setting and takes this value.</summary>
    internal static bool Knows(string name, string value) => Check(name, value) is null;

    internal static string Servers(IReadOnlyDictionary<string, string> resolved) =>
        resolved.TryGetValue("bootstrap.servers", out var servers) ? servers : resolved.GetValueOrDefault("metadata.broker.list", "");

    /// <summary>How long to wait for a broker's answer: so long, or as long as a connection may take to come up where that is set and longer.</summary>
    internal static TimeSpan Patience(IReadOnlyDictionary<string, string> resolved, TimeSpan least) =>
        resolved.TryGetValue(SetupTimeout, out var text) && int.TryParse(text, CultureInfo.InvariantCulture, out var milliseconds) && milliseconds > least.TotalMilliseconds
            ? TimeSpan.FromMilliseconds(milliseconds)
            : least;

    private static Dictionary<string, string> Without(IReadOnlyDictionary<string, string> settings, string[] prefixes)
    {
        var kept = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in settings)
        {
            if (!Array.Exists(prefixes, prefix => name.StartsWith(prefix, StringComparison.Ordinal)))
                kept[name] = value;
        }

        return kept;
    }

    private static string? Fetch(string name, string raw, List<string> errors)
    {
        if (raw.StartsWith("env:", StringComparison.Ordinal))
        {
            var variable = raw[4..];
            var value = Environment.GetEnvironmentVariable(variable);
            if (string.IsNullOrEmpty(value))
                errors.Add($"{name}: the environment variable {variable} is not set");
            return string.IsNullOrEmpty(value) ? null : value;
        }

        if (raw.StartsWith("file:", StringComparison.Ordinal))
        {
            var path = raw[5..];
            try
            {
                return File.ReadAllText(path).TrimEnd('\r', '\n');
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
            {
                errors.Add($"{name}: the file {path} cannot be read");
                return null;
            }
        }

        return raw;
    }

    private static unsafe string? Check(string name, string value)
    {
        const int Size = 512;
        var message = stackalloc byte[Size];
        var conf = RdKafka.ConfNew();
        try
        {
            switch (RdKafka.ConfSet(conf, name, value, message, Size))
            {
                case 0:
                    return null;
                case -2:
                    return $"{name}: no such setting (CONFIGURATION.md of librdkafka lists them)";
                default:
                    // The library repeats the value in its message, which for a secret must not be seen.
                    return IsSecret(name)
                        ? $"{name}: the value is not valid"
                        : $"{name}: {System.Runtime.InteropServices.Marshal.PtrToStringUTF8((nint)message)?.TrimEnd('.')}";
            }
        }
        finally
        {
            RdKafka.ConfDestroy(conf);
        }
    }
}
