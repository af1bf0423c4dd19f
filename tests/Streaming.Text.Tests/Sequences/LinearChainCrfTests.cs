using System.Text.Json;
using Streaming.Testing;
using Streaming.Text.Sequences;

namespace Streaming.Text.Tests.Sequences;

public sealed class LinearChainCrfTests
{
    public static TheoryData<string> Cases() => [.. Golden.ReadJson("crf/cases.json").GetProperty("cases").EnumerateArray().Select(item => item.GetProperty("id").GetString()!)];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Infer_GoldenCase_PartitionMarginalsAndCountsAreEqual(string id)
    {
        var (item, crf, emissions) = Read(id);
        using var posterior = new CrfPosterior();
        var counts = new double[crf.Labels * crf.Labels];

        crf.Infer(emissions, posterior);
        crf.AddExpectedTransitions(emissions, posterior, counts);

        var expected = item.GetProperty("log_partition").GetDouble();
        Assert.Equal(expected, posterior.LogPartition, 1e-9 * Math.Max(1, Math.Abs(expected)));
        AssertClose(Doubles(item, "marginals"), posterior.Marginals, 1e-9);
        AssertClose(Doubles(item, "expected_transitions"), counts, 1e-8);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Viterbi_GoldenCase_PathAndScoreAreEqual(string id)
    {
        var (item, crf, emissions) = Read(id);
        var path = new int[item.GetProperty("T").GetInt32()];

        var score = crf.Viterbi(emissions, path);

        Assert.Equal([.. item.GetProperty("viterbi_path").EnumerateArray().Select(label => label.GetInt32())], path);
        Assert.Equal(item.GetProperty("viterbi_score").GetDouble(), score, 1e-6);
        Assert.Equal(score, crf.Score(emissions, path), 1e-9 * Math.Max(1, Math.Abs(score)));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Score_GoldenPath_IsEqual(string id)
    {
        var (item, crf, emissions) = Read(id);
        var path = item.GetProperty("path").EnumerateArray().Select(label => label.GetInt32()).ToArray();

        var score = crf.Score(emissions, path);

        Assert.Equal(item.GetProperty("path_score").GetDouble(), score, 1e-6);
        var likelihood = item.GetProperty("path_log_likelihood").GetDouble();
        Assert.Equal(likelihood, score - crf.LogPartition(emissions), 1e-9 * Math.Max(1, Math.Abs(score)));
    }

    [Fact]
    public void SpanProbability_ShortSequence_IsTheSumOverItsPaths()
    {
        double[] start = [0.3, -0.2, 0.1];
        double[] transitions = [0.5, -1, 0.2, 0.7, 0.1, -0.4, -0.3, 0.9, 0.6];
        double[] end = [0.2, 0.4, -0.6];
        var crf = new LinearChainCrf(start, transitions, end);
        double[] emissions = [1, 0.5, -0.5, 0.2, 0.9, 0.3, -0.7, 0.8, 1.1, 0.4, 0.6, -0.2];
        using var posterior = new CrfPosterior();
        crf.Infer(emissions, posterior);

        // All paths in which places 1 and 2 have labels 1, 2 and place 3 is not 2.
        var (wanted, all) = (0.0, 0.0);
        for (var path = 0; path < 81; path++)
        {
            int[] labels = [path % 3, path / 3 % 3, path / 9 % 3, path / 27];
            var weight = Math.Exp(crf.Score(emissions, labels));
            all += weight;
            if (labels is [_, 1, 2, not 2])
                wanted += weight;
        }

        Assert.Equal(wanted / all, crf.SpanProbability(emissions, posterior, 1, [1, 2], 2), 1e-12);
        Assert.Equal(Math.Log(all), posterior.LogPartition, 1e-12);
    }

    [Fact]
    public void Infer_OnlyPathUnderflows_IsStillExact()
    {
        // Label 1 can't follow label 0, and label 0 is e^2000 more likely at the first place: scaled arithmetic loses label 1.
        var crf = new LinearChainCrf([0, 0], [double.NegativeInfinity, double.NegativeInfinity, 0, 0], [0, 0]);
        using var posterior = new CrfPosterior();

        crf.Infer([2000, 0, 0, 1], posterior);

        Assert.Equal(Math.Log(1 + Math.E), posterior.LogPartition, 1e-9);
        Assert.Equal(1, posterior.Marginals[1], 1e-12);
    }

    private static (JsonElement Item, LinearChainCrf Crf, double[] Emissions) Read(string id)
    {
        var item = Golden.ReadJson("crf/cases.json").GetProperty("cases").EnumerateArray().Single(candidate => candidate.GetProperty("id").GetString() == id);
        return (item, new LinearChainCrf(Doubles(item, "start"), Doubles(item, "transitions_from_to"), Doubles(item, "end")), Doubles(item, "emissions"));
    }

    private static double[] Doubles(JsonElement item, string name) => [.. Flatten(item.GetProperty(name))];

    private static IEnumerable<double> Flatten(JsonElement element) => element.ValueKind == JsonValueKind.Array
        ? element.EnumerateArray().SelectMany(Flatten)
        : [element.GetDouble()];

    private static void AssertClose(double[] expected, ReadOnlySpan<double> actual, double tolerance)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (var i = 0; i < expected.Length; i++)
            Assert.Equal(expected[i], actual[i], tolerance);
    }
}
