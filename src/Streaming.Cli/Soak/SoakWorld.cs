using System.Globalization;
using System.Text;
using Streaming.Adapters.Kafka;
using Streaming.Adapters.Sqlite.DeadLetters;
using Streaming.Cli.Benchmarks;
using Streaming.Cli.CommandLine;
using Streaming.Cli.Composition;
using Streaming.Cli.DeadLetters;
using Streaming.Core;
using Streaming.Core.Topology;

namespace Streaming.Cli.Soak;

/// <summary>A topology of its own with everything behind it, built as the product builds any topology, and taken away in the end.</summary>
internal sealed class SoakWorld : IAsyncDisposable
{
    private const int Partitions = 3;
    private const int LettersAtOnce = 1_000;

    private readonly CliContext _context;
    private readonly string _name;
    private readonly DirectoryInfo _folder;
    private BulkServer? _fake;
    private Uri? _elasticsearch;
    private bool _hasTopics;

    private SoakWorld(CliContext context, SoakLedger ledger)
    {
        _context = context;
        Ledger = ledger;
        _name = $"soak-{Guid.NewGuid():N}";
        _folder = Directory.CreateTempSubdirectory("streaming-soak-");
    }

    /// <summary>Every message.</summary>
    public SoakLedger Ledger { get; }

    /// <summary>The topology.</summary>
    public CompiledTopology Topology { get; private set; } = null!;

    /// <summary>What runs it.</summary>
    public TopologyHost Host { get; private set; } = null!;

    /// <summary>The fake's memory, when the fake is the sink.</summary>
    public SoakIndex? Index { get; private set; }

    /// <summary>Topic of the messages.</summary>
    public string Topic => _name;

    /// <summary>Builds it.</summary>
    /// <exception cref="StreamingException"><c>kafka_bootstrap_missing</c>, <c>elasticsearch_url_missing</c>, or why something can't be built.</exception>
    public static async Task<SoakWorld> StartAsync(CliContext context, SoakPlan plan, CancellationToken cancellationToken)
    {
        var world = new SoakWorld(context, new SoakLedger(plan.Capacity, context.Time));
        try
        {
            await world.BuildAsync(plan, cancellationToken);
            return world;
        }
        catch
        {
            await world.DisposeAsync();
            throw;
        }
    }

    /// <summary>Compares what is there with what was produced.</summary>
    public async Task<SoakVerdict> VerifyAsync(CancellationToken cancellationToken)
    {
        if (_elasticsearch is not null)
            await OwnIndex.RefreshAsync(_elasticsearch, _name, cancellationToken);
        var letters = new int[Ledger.Count];
        var foreign = 0;
        await ReadLettersAsync(
            number =>
            {
                if (number < 0)
                    foreign++;
                else
                    letters[number]++;
            },
            cancellationToken);
        int lost = 0, duplicated = 0, wrong = foreign, indexed = 0, deadLettered = 0, repeated = 0;
        for (var number = 0; number < letters.Length; number++)
        {
            var isThere = await HasAsync(number, cancellationToken);
            var isDead = letters[number] > 0;
            indexed += isThere ? 1 : 0;
            deadLettered += isDead ? 1 : 0;
            repeated += Math.Max(0, letters[number] - 1);
            if (!isThere && !isDead)
                lost++;
            else if (isThere && isDead)
                duplicated++;
            else if (isDead != Ledger.IsBad(number))
                wrong++;
        }

        return new SoakVerdict(letters.Length, indexed, deadLettered, lost, duplicated, wrong, repeated);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (Host is not null)
            await Host.DisposeAsync();
        if (_fake is not null)
            await _fake.DisposeAsync();
        if (_elasticsearch is not null && Topology is not null)
            await OwnIndex.DeleteAsync(_context, _elasticsearch, _name);
        if (_hasTopics)
        {
            await using var admin = new KafkaAdmin(Topology!.Definition.Source.Kafka, _context.Time);
            try
            {
                await admin.DeleteTopicsAsync([_name, _name + ".dead"], CancellationToken.None);
            }
            catch (StreamingException error)
            {
                _context.Say($"warning {error.Code}: {error.Message}");
            }
        }

        _folder.Delete(recursive: true);
    }

    private async Task BuildAsync(SoakPlan plan, CancellationToken cancellationToken)
    {
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"name: {_name}");
        text.AppendLine(CultureInfo.InvariantCulture, $"model: {{bundle: \"{plan.Bundle}\"}}");
        text.AppendLine("source:");
        text.AppendLine(CultureInfo.InvariantCulture, $"  topics: [{_name}]");
        text.AppendLine(CultureInfo.InvariantCulture, $"  partitions: {Partitions}");
        if (plan.FromKafka)
        {
            var bootstrap = _context.Variable("STREAMING_KAFKA_BOOTSTRAP")
                ?? throw new StreamingException("kafka_bootstrap_missing", "--source kafka needs a broker; set STREAMING_KAFKA_BOOTSTRAP=HOST:PORT");
            text.AppendLine(CultureInfo.InvariantCulture, $"  kafka: {{bootstrap.servers: \"{bootstrap}\"}}");
        }

        text.AppendLine(CultureInfo.InvariantCulture, $"dead_letters: {{topic: {_name}.dead}}");
        if (await UrlAsync(plan, cancellationToken) is { } url)
            text.AppendLine(CultureInfo.InvariantCulture, $"sink: {{url: \"{url}\", index: {_name}}}");
        var file = Path.Combine(_folder.FullName, "soak.yaml");
        await File.WriteAllTextAsync(file, text.ToString(), cancellationToken);
        Topology = TopologyFile.Load(_context, file);
        if (plan.FromKafka)
        {
            await using var admin = new KafkaAdmin(Topology.Definition.Source.Kafka, _context.Time);
            await admin.CreateTopicsAsync([new KafkaTopic(_name, Partitions, 1)], cancellationToken);
            _hasTopics = true;
        }

        Host = await TopologyHost.StartAsync(_context, Path.Combine(_folder.FullName, "data"), Topology, stopAtEnd: false, cancellationToken);
    }

    private async Task<Uri?> UrlAsync(SoakPlan plan, CancellationToken cancellationToken)
    {
        switch (plan.Sink)
        {
            case "embedded":
                return null;
            case "fake":
                _fake = await BulkServer.StartAsync(cancellationToken);
                Index = new SoakIndex(plan.Capacity, Ledger, _fake);
                return _fake.Url;
            default:
                var url = _context.Variable("STREAMING_ELASTICSEARCH_URL")
                    ?? throw new StreamingException("elasticsearch_url_missing", "--sink elasticsearch needs a server; set STREAMING_ELASTICSEARCH_URL=http://HOST:PORT");
                return _elasticsearch = Uri.TryCreate(url, UriKind.Absolute, out var parsed)
                    ? parsed
                    : throw new StreamingException("elasticsearch_url_invalid", "STREAMING_ELASTICSEARCH_URL is no address; it looks like http://HOST:PORT");
        }
    }

    private async ValueTask<bool> HasAsync(int number, CancellationToken cancellationToken) =>
        Index is not null ? Index.Has(number) : await Host.Search!.GetAsync(SoakLedger.IdOf(number), cancellationToken) is not null;

    private async Task ReadLettersAsync(Action<int> found, CancellationToken cancellationToken)
    {
        if (Topology.Definition.Source.UsesKafka)
        {
            await KafkaLetters.ReadAsync(
                _context,
                Topology.Definition,
                letter =>
                {
                    found(Ledger.NumberOf(letter.Letter));
                    return true;
                },
                cancellationToken);
            return;
        }

        for (long after = 0; ;)
        {
            var page = await Host.Store!.ListDeadLettersAsync(new DeadLetterQuery { Topology = _name, AfterId = after, Size = LettersAtOnce, IncludeRedriven = true }, cancellationToken);
            foreach (var letter in page)
                found(Ledger.NumberOf(letter.Letter));
            if (page.Count < LettersAtOnce)
                return;
            after = page[^1].Id;
        }
    }
}

/// <summary>How every message ended, as the stores tell it.</summary>
/// <param name="Messages">Produced.</param>
/// <param name="Indexed">Documents that are there.</param>
/// <param name="DeadLettered">Messages among the dead letters.</param>
/// <param name="Lost">In neither: must be 0.</param>
/// <param name="Duplicated">In both: must be 0.</param>
/// <param name="Wrong">Good ones among the dead letters, bad ones in the index, dead letters nobody sent: must be 0.</param>
/// <param name="Repeated">Dead letters stored again by a replay, which a topic cannot prevent.</param>
internal sealed record SoakVerdict(int Messages, int Indexed, int DeadLettered, int Lost, int Duplicated, int Wrong, int Repeated);
