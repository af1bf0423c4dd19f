using System.Globalization;
using Streaming.Adapters.Kafka;
using Streaming.Cli.CommandLine;
using Streaming.Core;
using Streaming.Core.Messaging;

namespace Streaming.Cli.Benchmarks;

/// <summary>
/// A topic of its own for each number of documents, written with the product's producer, read with the product's source in a
/// new group each time, deleted in the end.
/// </summary>
internal sealed class KafkaBenchSource : IBenchSource
{
    /// <summary>Partitions of the topic.</summary>
    public const int Partitions = 4;

    private const int ProduceAtOnce = 2_000;

    private readonly CliContext _context;
    private readonly string _file;
    private readonly int _repeat;
    private readonly Dictionary<string, string> _client;
    private readonly KafkaAdmin _admin;
    private readonly List<string> _made = [];
    private int _groups;

    /// <summary>On the broker that the environment names.</summary>
    /// <exception cref="StreamingException"><c>kafka_bootstrap_missing</c>.</exception>
    public KafkaBenchSource(CliContext context, string file, int repeat)
    {
        (_context, _file, _repeat) = (context, file, repeat);
        Bootstrap = context.Variable("STREAMING_KAFKA_BOOTSTRAP")
            ?? throw new StreamingException("kafka_bootstrap_missing", "--source kafka needs a broker; set STREAMING_KAFKA_BOOTSTRAP=HOST:PORT");
        _client = new Dictionary<string, string> { ["bootstrap.servers"] = Bootstrap };
        _admin = new KafkaAdmin(_client, context.Time);
    }

    /// <inheritdoc/>
    public string Name => "kafka";

    /// <summary>The broker.</summary>
    public string Bootstrap { get; }

    /// <summary>The topic in use.</summary>
    public string Topic { get; private set; } = "";

    /// <summary>Client settings.</summary>
    public IReadOnlyDictionary<string, string> Client => _client;

    /// <inheritdoc/>
    public async Task<long> PrepareAsync(long? documents, CancellationToken cancellationToken)
    {
        await MakeTopicAsync(cancellationToken);
        var count = documents ?? Lines() * _repeat;
        using var messages = new NumberedMessages(_file);
        await using var producer = new KafkaMessageProducer(new KafkaProducerOptions { Client = _client, Time = _context.Time });
        var batch = new List<OutgoingMessage>(ProduceAtOnce);
        for (long made = 0; made < count;)
        {
            batch.Clear();
            for (; batch.Count < ProduceAtOnce && made < count; made++)
                batch.Add(new OutgoingMessage { Value = messages.Next() ?? throw new StreamingException("input_empty", $"'{Path.GetFileName(_file)}' has no line") });
            foreach (var result in await producer.ProduceAsync(Topic, batch, cancellationToken))
            {
                if (!result.IsStored)
                    throw new StreamingException("kafka_produce_refused", $"the broker refused a message: {result.Error}", ExitCode.CheckFailed);
            }
        }

        return count;
    }

    /// <summary>A new, empty topic to use from here on.</summary>
    public async Task MakeTopicAsync(CancellationToken cancellationToken)
    {
        Topic = $"streaming-bench-{Guid.NewGuid():N}";
        await _admin.CreateTopicsAsync([new KafkaTopic(Topic, Partitions, 1)], cancellationToken);
        _made.Add(Topic);
    }

    /// <summary>Name of one more topic, which whoever uses it makes; deleted with the others.</summary>
    public string NewName(string suffix)
    {
        var name = $"{Topic}.{suffix}";
        _made.Add(name);
        return name;
    }

    /// <inheritdoc/>
    public IMessageSource Open() => new KafkaMessageSource(new KafkaSourceOptions
    {
        Client = _client,
        Topics = [Topic],
        Group = string.Create(CultureInfo.InvariantCulture, $"{Topic}-{++_groups}"),
        Time = _context.Time,
    });

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        try
        {
            if (_made.Count > 0)
                await _admin.DeleteTopicsAsync(_made, CancellationToken.None);
        }
        catch (StreamingException error)
        {
            _context.Say($"warning {error.Code}: {error.Message}");
        }

        await _admin.DisposeAsync();
    }

    private long Lines()
    {
        using var lines = new LineReader(_file);
        long count = 0;
        while (lines.Next() is not null)
            count++;
        return count;
    }
}
