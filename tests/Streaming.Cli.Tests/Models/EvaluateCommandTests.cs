using Streaming.Cli.Tests.Running;

namespace Streaming.Cli.Tests.Models;

public sealed class EvaluateCommandTests : IDisposable
{
    private const string Sentences = """
        Barack B-PER
        Obama I-PER
        visited O
        Berlin B-LOC
        . O

        Angela B-PER
        Merkel I-PER
        stayed O
        . O

        """;

    private readonly Binary _binary = new();

    [Theory]
    [InlineData("--task", "colour", "ner, topic, sentiment, absa")]
    [InlineData("--format", "docx", "conll, csv, tsv, semeval-xml, jsonl")]
    [InlineData("--header", "perhaps", "yes, no, auto")]
    public async Task Evaluate_BadOption_NamesWhatIsAllowed(string option, string value, string allowed)
    {
        var finished = await _binary.RunAsync("evaluate", "--data", "x.conll", option, value);
        finished.FailedWith(2, "usage");
        Assert.Contains(allowed, finished.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Evaluate_FormatNotTold_IsAskedFor() =>
        (await _binary.RunAsync("evaluate", "--task", "ner", "--data", "x.bin")).FailedWith(2, "data_format_unknown");

    [StarterFact]
    public async Task Evaluate_MissingFile_IsCoded() =>
        (await _binary.RunAsync("evaluate", "--task", "ner", "--data", "nowhere.conll")).FailedWith(2, "data_file_missing");

    [StarterFact]
    public async Task Evaluate_Conll_CountsSpans()
    {
        var file = _binary.Write("small.conll", Sentences);
        var report = (await _binary.RunAsync("evaluate", "--task", "ner", "--data", file, "--json")).Json();
        Assert.Equal(2, report.GetProperty("samples").GetInt32());
        Assert.InRange(report.GetProperty("micro_f1").GetDouble(), 0.5, 1);
        Assert.InRange(report.GetProperty("accuracy").GetDouble(), 0.5, 1);
        Assert.Equal(2, report.GetProperty("per_type").GetProperty("PER").GetProperty("support").GetInt32());
        Assert.True(report.TryGetProperty("macro_f1", out _));
        Assert.False(report.TryGetProperty("raw_text_micro_f1", out _));
    }

    [StarterFact]
    public async Task Evaluate_RawText_IsMeasuredWhenAskedFor()
    {
        var file = _binary.Write("small.conll", Sentences);
        var report = (await _binary.RunAsync("evaluate", "--task", "ner", "--data", file, "--format", "conll", "--raw-text", "--json")).Json();
        Assert.InRange(report.GetProperty("raw_text_micro_f1").GetDouble(), 0.5, 1);
    }

    [StarterFact]
    public async Task Evaluate_CsvWithColumnsAndMapping_LeavesOutWhatIsMappedToNothing()
    {
        var file = _binary.Write("small.csv", "mood,body\nup,\"I love this, it is wonderful\"\ndown,This is terrible and I hate it\nodd,What time is it\n");
        var report = (await _binary.RunAsync(
            "evaluate", "--task", "sentiment", "--data", file, "--text-column", "body", "--label-column", "mood",
            "--map", "up=positive", "--map", "down=negative", "--map", "odd=", "--json")).Json();
        Assert.Equal(2, report.GetProperty("samples").GetInt32());
        Assert.Equal(1, report.GetProperty("accuracy").GetDouble());
    }

    [StarterFact]
    public async Task Evaluate_AgainstItself_FindsNoDifference_AndWritesAPage()
    {
        var file = _binary.Write("small.conll", Sentences.Replace("Merkel I-PER", "<b>Merkel</b> B-LOC", StringComparison.Ordinal));
        var page = Path.Combine(Path.GetDirectoryName(file)!, "report.html");
        var report = (await _binary.RunAsync("evaluate", "--task", "ner", "--data", file, "--against", "starter", "--report", page, "--json")).Json();
        Assert.Equal(0, report.GetProperty("against").GetProperty("difference").GetDouble());
        Assert.Equal(1, report.GetProperty("against").GetProperty("p_value").GetDouble());
        Assert.False(report.TryGetProperty("details", out _), "texts must not stand in the JSON");
        var html = await File.ReadAllTextAsync(page);
        Assert.Contains("&lt;b&gt;", html, StringComparison.Ordinal);
        Assert.DoesNotContain("<b>Merkel", html, StringComparison.Ordinal);
    }

    [StarterFact]
    public async Task Interact_TwoBundles_AnnotatesEachLineWithBoth()
    {
        var finished = await _binary.RunWithInputAsync("Angela Merkel visited Paris.\n\nnever read\n"u8.ToArray(), "interact", "--bundle", "starter", "--bundle", "starter");
        Assert.Equal(0, finished.ExitCode);
        Assert.Equal(2, finished.Out.Split("Angela Merkel").Length - 1);
        Assert.DoesNotContain("never", finished.Out, StringComparison.Ordinal);
    }

    [StarterFact]
    public async Task Evaluate_BadMapping_IsRefused() =>
        (await _binary.RunAsync("evaluate", "--task", "sentiment", "--data", "x.csv", "--map", "up")).FailedWith(2, "usage");

    public void Dispose() => _binary.Dispose();
}
