using Streaming.Core.Topology;

namespace Streaming.Core.Tests.Topology;

public sealed class TopologyLoaderTests
{
    private const string Minimal = """
        name: minimal
        source:
          topics: [text.raw]
        """;

    private static readonly Dictionary<string, string> NoEnvironment = [];

    [Fact]
    public void LoadText_Minimal_FillsInEveryDefault()
    {
        var topology = Load(Minimal).GetOrThrow().Definition;

        Assert.Equal("minimal", topology.Name);
        Assert.Equal(["text.raw"], topology.Source.Topics);
        Assert.Equal("minimal", topology.Source.Group);
        Assert.Equal("minimal", topology.Sink.Index);
        Assert.Equal("minimal.dead-letter", topology.DeadLetters.Topic);
        Assert.False(topology.Source.UsesKafka);
        Assert.False(topology.Sink.UsesElasticsearch);
        Assert.Equal(new Engine.BatchingOptions(), topology.Batching);
        Assert.Equal(
            ["decode", "normalise", "tokenise", "encode", "entities", "topics", "sentiment", "aspects"],
            topology.Chain.Select(s => s.Stage));
    }

    [Fact]
    public void LoadText_SeveralMistakes_ReportsAllWithPlaceAndRemedy()
    {
        var result = Load("""
            name: My Topology
            source:
              topics: []
              grup: g
            batching:
              max_batch_tokens: 12
              max_queue_delay: 20
              batch_size: 4
            max_queue_size: 5
            """);

        Assert.False(result.IsValid);
        Assert.Equal(
            [
                "test.yaml:1:7: error invalid_value: `name` cannot be `My Topology`. Write `my-topology`: a name of lower-case letters, digits, `.`, `_` and `-`, 1 to 100 long.",
                "test.yaml:3:11: error out_of_range: `source.topics` has 0 items. From 1 to 100 are allowed.",
                "test.yaml:4:3: error unknown_key: there is no key `source.grup`. Did you mean `group`?",
                "test.yaml:6:21: error out_of_range: `batching.max_batch_tokens` cannot be `12`. Write a whole number from 64 to 65536.",
                "test.yaml:7:20: error wrong_type: `batching.max_queue_delay` cannot be `20`. Say the unit, e.g. `20ms` or `20s`.",
                "test.yaml:8:3: error unknown_key: there is no key `batching.batch_size`. Here it is called `max_batch_size`.",
                "test.yaml:9:1: error unknown_key: there is no key `max_queue_size`. It belongs under `batching`.",
            ],
            result.Diagnostics.Select(d => d.ToString()));
    }

    private static TopologyLoadResult Load(string yaml) => TopologyLoader.LoadText(yaml, "test.yaml", NoEnvironment);
}
