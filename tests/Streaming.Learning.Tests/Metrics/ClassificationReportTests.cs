using System.Text.Json;
using Streaming.Learning.Metrics;
using Streaming.Testing;

namespace Streaming.Learning.Tests.Metrics;

public sealed class ClassificationReportTests
{
    [Fact]
    public void Of_EveryGoldenCase_EqualsScikitLearn()
    {
        var cases = 0;
        foreach (var item in Golden.ReadJsonLines("metrics/classification.jsonl"))
        {
            var report = ClassificationReport.Of(Ints(item.GetProperty("gold")), Ints(item.GetProperty("pred")), item.GetProperty("labels").GetArrayLength());
            Close(item.GetProperty("accuracy"), report.Accuracy);
            Close(item.GetProperty("micro"), report.Micro);
            Close(item.GetProperty("macro"), report.Macro);
            Close(item.GetProperty("weighted"), report.Weighted);
            Close(item.GetProperty("mcc"), report.Matthews);
            if (item.GetProperty("kappa").ValueKind == JsonValueKind.Null)
                Assert.Null(report.Kappa);
            else
                Close(item.GetProperty("kappa"), report.Kappa!.Value);
            var classes = item.GetProperty("per_class");
            for (var c = 0; c < report.Classes.Count; c++)
            {
                Close(classes[c], report.Classes[c]);
                Assert.Equal(classes[c][3].GetInt32(), report.Classes[c].Support);
                Assert.Equal(Ints(item.GetProperty("confusion_rows_gold")[c]), report.Confusion[c]);
            }

            cases++;
        }

        Assert.True(cases >= 14, $"only {cases} cases");
    }

    [Fact]
    public void MultiLabelOf_EveryGoldenCase_EqualsScikitLearn()
    {
        var cases = 0;
        foreach (var item in Golden.ReadJsonLines("metrics/multilabel.jsonl"))
        {
            var gold = Matrix(item.GetProperty("gold"));
            var report = MultiLabelReport.Of(gold, Matrix(item.GetProperty("pred")), gold[0].Length);
            Close(item.GetProperty("subset_accuracy"), report.SubsetAccuracy);
            Close(item.GetProperty("hamming_loss"), report.HammingLoss);
            Close(item.GetProperty("micro"), report.Micro);
            Close(item.GetProperty("macro"), report.Macro);
            Close(item.GetProperty("weighted"), report.Weighted);
            Close(item.GetProperty("samples"), report.Samples);
            cases++;
        }

        Assert.True(cases >= 3, $"only {cases} cases");
    }

    private static int[] Ints(JsonElement element) => [.. element.EnumerateArray().Select(e => e.GetInt32())];

    private static List<bool[]> Matrix(JsonElement element) =>
        [.. element.EnumerateArray().Select(row => row.EnumerateArray().Select(e => e.GetInt32() == 1).ToArray())];

    private static void Close(JsonElement expected, double actual) => Assert.Equal(expected.GetDouble(), actual, 1e-9);

    private static void Close(JsonElement expected, PrecisionRecall actual)
    {
        Assert.Equal(expected[0].GetDouble(), actual.Precision, 1e-9);
        Assert.Equal(expected[1].GetDouble(), actual.Recall, 1e-9);
        Assert.Equal(expected[2].GetDouble(), actual.F1, 1e-9);
    }
}
