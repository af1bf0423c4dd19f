using System.Text.Json;
using Streaming.Learning.Metrics;
using Streaming.Testing;

namespace Streaming.Learning.Tests.Metrics;

public sealed class SpanReportTests
{
    private const double Tolerance = 1e-12;

    [Fact]
    public void OfTags_EveryGoldenCase_EqualsSeqeval()
    {
        var cases = 0;
        foreach (var item in Golden.ReadJsonLines("seqeval/cases.jsonl"))
        {
            var id = item.GetProperty("id").GetString()!;
            var gold = Sentences(item.GetProperty("gold"));
            var predicted = Sentences(item.GetProperty("pred"));
            AssertReport(id, item.GetProperty("default"), SpanReport.OfTags(gold, predicted));
            if (item.TryGetProperty("strict_iob2", out var iob2))
                AssertReport(id, iob2, SpanReport.OfTags(gold, predicted, TagScheme.StrictIob2));
            if (item.TryGetProperty("strict_iobes", out var iobes))
                AssertReport(id, iobes, SpanReport.OfTags(gold, predicted, TagScheme.StrictIobes));
            AssertSpans(id, item.GetProperty("gold_spans"), gold);
            AssertSpans(id, item.GetProperty("pred_spans"), predicted);
            cases++;
        }

        Assert.Equal(300, cases);
    }

    [Fact]
    public void OfTags_SentencesOfDifferentLength_Throws() =>
        Assert.Throws<ArgumentException>(() => SpanReport.OfTags([["O", "O"]], [["O"]]));

    private static List<string[]> Sentences(JsonElement element) =>
        [.. element.EnumerateArray().Select(s => s.GetString()!.Split(' ', StringSplitOptions.RemoveEmptyEntries))];

    private static void AssertReport(string id, JsonElement expected, SpanReport actual)
    {
        AssertScores($"{id} micro", expected.GetProperty("micro"), actual.Micro);
        AssertScores($"{id} macro", expected.GetProperty("macro"), actual.Macro);
        AssertScores($"{id} weighted", expected.GetProperty("weighted"), actual.Weighted);
        var types = expected.GetProperty("types").EnumerateObject().ToList();
        Assert.Equal(types.Select(t => t.Name).Order(StringComparer.Ordinal), actual.Types.Keys);
        foreach (var type in types)
        {
            AssertScores($"{id} {type.Name}", type.Value, actual.Types[type.Name]);
            Assert.True(type.Value[3].GetInt32() == actual.Types[type.Name].Support, $"{id} {type.Name}: support {actual.Types[type.Name].Support}");
        }
    }

    private static void AssertScores(string what, JsonElement expected, PrecisionRecall? actual)
    {
        if (expected[0].ValueKind == JsonValueKind.Null)
        {
            Assert.True(actual is null, what);
            return;
        }

        Assert.NotNull(actual);
        Assert.True(Math.Abs(expected[0].GetDouble() - actual.Precision) < Tolerance, $"{what}: precision {actual.Precision}");
        Assert.True(Math.Abs(expected[1].GetDouble() - actual.Recall) < Tolerance, $"{what}: recall {actual.Recall}");
        Assert.True(Math.Abs(expected[2].GetDouble() - actual.F1) < Tolerance, $"{what}: F1 {actual.F1}");
    }

    private static void AssertSpans(string id, JsonElement expected, List<string[]> sentences)
    {
        for (var i = 0; i < sentences.Count; i++)
        {
            var spans = expected[i].EnumerateArray().Select(s => new TagSpan(s[0].GetString()!, s[1].GetInt32(), s[2].GetInt32()));
            Assert.True(spans.SequenceEqual(TagSpans.Read(sentences[i])), $"{id}, sentence {i}");
        }
    }
}
