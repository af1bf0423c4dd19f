using Streaming.Testing.Servers;

namespace Streaming.Adapters.Elasticsearch.Tests.Integration;

/// <summary>One server for all tests that need one.</summary>
[CollectionDefinition(Name)]
public sealed class ElasticsearchCollection : ICollectionFixture<ElasticsearchServer>
{
    public const string Name = "Elasticsearch";
}
