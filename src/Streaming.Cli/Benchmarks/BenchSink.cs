using Streaming.Adapters.Elasticsearch;
using Streaming.Cli.CommandLine;
using Streaming.Core;
using Streaming.Core.Engine;
using Streaming.Core.Sinks;

namespace Streaming.Cli.Benchmarks;

/// <summary>Where a benchmark's documents go: nowhere, into a stand-in that parses every line, or into Elasticsearch.</summary>
internal sealed class BenchSink : IAsyncDisposable
{
    /// <summary>What <c>--sink</c> takes.</summary>
    public static readonly string[] Names = ["null", "fake", "elasticsearch"];

    private readonly CliContext _context;
    private readonly BulkServer? _fake;
    private readonly Uri? _url;
    private readonly List<string> _aliases = [];

    private BenchSink(CliContext context, string name, BulkServer? fake, Uri? url) => (_context, Name, _fake, _url) = (context, name, fake, url);

    /// <summary>As <c>--sink</c> takes it.</summary>
    public string Name { get; }

    /// <summary>How results are delivered to it, as a topology on this kind of sink has it.</summary>
    public DeliveryOptions Delivery => _url is null ? new DeliveryOptions() : new DeliveryOptions { MaxWriteSize = 2 * new ElasticsearchOptions { Urls = [], Alias = "" }.MaxBulkDocuments };

    /// <summary>Makes it ready.</summary>
    /// <exception cref="StreamingException"><c>elasticsearch_url_missing</c>.</exception>
    public static async Task<BenchSink> StartAsync(CliContext context, string name, CancellationToken cancellationToken)
    {
        if (name == "null")
            return new BenchSink(context, name, null, null);
        if (name == "fake")
        {
            var fake = await BulkServer.StartAsync(cancellationToken);
            return new BenchSink(context, name, fake, fake.Url);
        }

        var url = context.Variable("STREAMING_ELASTICSEARCH_URL")
            ?? throw new StreamingException("elasticsearch_url_missing", "--sink elasticsearch needs a server; set STREAMING_ELASTICSEARCH_URL=http://HOST:PORT");
        return Uri.TryCreate(url, UriKind.Absolute, out var parsed)
            ? new BenchSink(context, name, null, parsed)
            : throw new StreamingException("elasticsearch_url_invalid", "STREAMING_ELASTICSEARCH_URL is no address; it looks like http://HOST:PORT");
    }

    /// <summary>A sink for one round, into an index of its own.</summary>
    public async Task<IDocumentSink> OpenAsync(CancellationToken cancellationToken)
    {
        if (_url is null)
            return new DiscardingSink();
        var alias = $"streaming-bench-{Guid.NewGuid():N}";
        var sink = new ElasticsearchSink(new ElasticsearchOptions { Urls = [_url], Alias = alias, Time = _context.Time });
        _aliases.Add(alias);
        await sink.StartAsync(cancellationToken);
        return sink;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_fake is not null)
        {
            await _fake.DisposeAsync();
            return;
        }

        if (_url is null)
            return;
        foreach (var alias in _aliases)
            await OwnIndex.DeleteAsync(_context, _url, alias);
    }
}
