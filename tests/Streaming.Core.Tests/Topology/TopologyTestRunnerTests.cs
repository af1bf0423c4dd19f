using System.Text;
using Streaming.Contracts;
using Streaming.Core.Topology;
using Streaming.Core.Topology.Rendering;
using Streaming.Core.Topology.Testing;

namespace Streaming.Core.Tests.Topology;

public sealed class TopologyTestRunnerTests
{
    [Fact]
    public async Task RunAsync_FieldsThatMatch_Pass()
    {
        var results = await Run("""
            tests:
              - name: all
                text: Obama liked the soup.
                language: en
                expect:
                  entities: [PER:obama, PER, ":Obama"]
                  topics: [food]
                  sentiment: positive
                  aspects: [soup:positive, soup]
                  language: en
              - name: nothing is asked
                raw: plain
            """, Found);

        Assert.All(results, r => Assert.Empty(r.Failures));
    }

    [Fact]
    public async Task RunAsync_FieldsThatDiffer_SayWhatWasFound()
    {
        var result = Assert.Single(await Run("""
            tests:
              - name: all
                text: x
                expect: {entities: [LOC:Obama], topics: [], sentiment: negative, aspects: [soup:negative], language: de}
            """, Found));

        Assert.Equal(
            [
                "expected LOC:Obama among the entities, but found PER:Obama.",
                "expected no topics, but found food.",
                "expected soup:negative among the aspects, but found soup:positive.",
                "expected the sentiment negative, but it was positive (0.90).",
                "expected the language de, but it was en.",
            ],
            result.Failures);
    }

    [Fact]
    public async Task RunAsync_OtherVerdict_SaysSo()
    {
        var results = await Run("""
            tests:
              - {name: a, text: x, expect: {outcome: dead_lettered, code: invalid_utf8}}
              - {name: b, base64: //79, expect: {outcome: dead_lettered, code: malformed_json}}
              - {name: c, text: x}
            """, (value, _) => ValueTask.FromResult(value.Span[0] == 0xFF
                ? new TopologyTestOutcome(TopologyTestVerdict.DeadLettered, Code: "invalid_utf8")
                : new TopologyTestOutcome(TopologyTestVerdict.Filtered)));

        Assert.Equal("expected it to be dead-lettered, but it was filtered.", Assert.Single(results[0].Failures));
        Assert.Equal("expected the code malformed_json, but it was invalid_utf8.", Assert.Single(results[1].Failures));
        Assert.Equal("expected it to be indexed, but it was filtered.", Assert.Single(results[2].Failures));
        var output = new StringWriter();
        TestRenderer.WriteText(output, results);
        Assert.Contains("0 passed, 3 failed", output.ToString());
        Assert.Contains("t.yaml:2:5: expected", output.ToString());
    }

    [Fact]
    public async Task RunAsync_Text_ArrivesAsAMessage()
    {
        string? seen = null;
        await Run("tests: [{name: a, text: \"a \\\"b\\\"\", language: en}]", (value, _) =>
        {
            seen = Encoding.UTF8.GetString(value.Span);
            return ValueTask.FromResult(new TopologyTestOutcome(TopologyTestVerdict.Filtered));
        });

        Assert.Equal("""{"text":"a \"b\"","language":"en"}""", seen);
    }

    [Theory]
    [InlineData("tests: []", "0 items")]
    [InlineData("tests: [{text: x}]", "`tests[0].name` is missing")]
    [InlineData("tests: [{name: a}]", "exactly one of")]
    [InlineData("tests: [{name: a, text: x, raw: y}]", "exactly one of")]
    [InlineData("tests: [{name: a, base64: \"???\"}]", "not base64")]
    [InlineData("tests: [{name: a, text: x, expect: {outcome: filtered, topics: [b]}}]", "looks at a document")]
    [InlineData("tests: [{name: a, text: x, expect: {code: b}}]", "looks at a dead letter")]
    [InlineData("tests: [{name: a, text: x, expects: {}}]", "Did you mean `expect`?")]
    [InlineData("test: []", "Did you mean `tests`?")]
    public void LoadText_Wrong_SaysSo(string yaml, string says)
    {
        var suite = TopologyTestLoader.LoadText(yaml, "t.yaml");

        Assert.False(suite.IsValid);
        Assert.Empty(suite.Cases);
        Assert.Contains(suite.Diagnostics, d => d.ToString().Contains(says, StringComparison.Ordinal));
    }

    private static ValueTask<TopologyTestOutcome> Found(ReadOnlyMemory<byte> value, CancellationToken cancellationToken) =>
        ValueTask.FromResult(new TopologyTestOutcome(TopologyTestVerdict.Indexed, new EnrichedDocument
        {
            Id = "1",
            Text = "Obama liked the soup.",
            Entities = [new EntityAnnotation("PER", "Obama", 0, 5, 0.9)],
            Topics = [new LabelScore("food", 0.8)],
            Sentiment = new SentimentAnnotation("positive", 0.9, [new LabelScore("positive", 0.9)]),
            Aspects = [new AspectAnnotation("soup", 16, 20, "positive", 0.7)],
            Language = "en",
            Coverage = 1,
            EventTime = DateTimeOffset.UnixEpoch,
            IngestTime = DateTimeOffset.UnixEpoch,
            Lineage = new Lineage { Model = "m", ModelVersion = "1", Heads = new Dictionary<string, string>(), Topology = "t", Topic = "t", Partition = 0, Offset = 0 },
        }));

    private static async Task<IReadOnlyList<TopologyTestResult>> Run(
        string yaml,
        Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask<TopologyTestOutcome>> analyse)
    {
        var suite = TopologyTestLoader.LoadText(yaml, "t.yaml");
        Assert.Empty(suite.Diagnostics);
        return await new TopologyTestRunner(analyse).RunAsync(suite, CancellationToken.None);
    }
}
