using System.Collections.Concurrent;
using Streaming.Contracts;
using Streaming.Core.Search;
using Streaming.Core.Sinks;
using Streaming.Testing.Conformance;
using Streaming.Testing.Servers;

namespace Streaming.Adapters.Elasticsearch.Tests.Integration;

/// <summary>The one search suite, on a real server.</summary>
[Collection(ElasticsearchCollection.Name)]
[Trait("Category", "Integration")]
public sealed class ElasticsearchSearchConformanceTests(ElasticsearchServer server)
{
    public static IEnumerable<object[]> Cases => ConformanceCases.Of(typeof(SearchIndexConformance));

    [IntegrationTheory("elasticsearch")]
    [MemberData(nameof(Cases))]
    public Task Suite(string method, int row) => ConformanceCases.RunAsync(new OnElasticsearch(server), method, row);

    private sealed class OnElasticsearch(ElasticsearchServer server) : SearchIndexConformance
    {
        private static readonly ConcurrentDictionary<object, Task<ISearchIndex>> Indices = new(ReferenceEqualityComparer.Instance);

        protected override Task<ISearchIndex> OpenAsync(IReadOnlyList<EnrichedDocument> documents) =>
            Indices.GetOrAdd(documents, key => FillAsync((IReadOnlyList<EnrichedDocument>)key));

        private async Task<ISearchIndex> FillAsync(IReadOnlyList<EnrichedDocument> documents)
        {
            var options = new ElasticsearchOptions { Urls = [server.Url], Alias = $"search-{documents.Count}", StartTimeout = TimeSpan.FromMinutes(3), SearchTimeout = TimeSpan.FromMinutes(3) };
            await using var sink = new ElasticsearchSink(options);
            await sink.StartAsync(default);
            var writes = documents.Select((d, i) => new DocumentWrite { Id = d.Id, Version = i + 1, Document = d }).ToList();
            Assert.All(await sink.WriteAsync(writes, default), r => Assert.Equal(new SinkResult(SinkStatus.Applied), r));
            using var http = new HttpClient();
            (await http.PostAsync(new Uri(server.Url, $"{options.Alias}/_refresh"), null)).EnsureSuccessStatusCode();
            return new ElasticsearchSearchIndex(options);
        }
    }
}
