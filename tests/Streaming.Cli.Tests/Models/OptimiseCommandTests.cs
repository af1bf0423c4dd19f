using Streaming.Cli.Tests.Running;
using Streaming.Testing;

namespace Streaming.Cli.Tests.Models;

public sealed class OptimiseCommandTests : IDisposable
{
    private const string Sentences = "John B-PER\nlives O\nin O\nLondon B-LOC\n. O\n\nRain O\nfell O\n. O\n";

    private const string Recipe = """
        name: tiny
        version: "1"
        seed: 7
        licence: MIT
        data_sets:
          notes: {format: conll, licence: MIT}
        heads:
          - name: ner
            task: ner
            kind: crf
            layers: [6]
            labels: [PER, LOC]
            optimizer: {kind: adam, epochs: 2}
            train: [{set: notes, file: train.conll}]
            dev: [{set: notes, file: dev.conll}]
            test: [{set: notes, file: dev.conll}]
        """;

    private readonly Binary _binary = new();

    private static string Starter => Path.Combine(SharedFolder.RepositoryRoot, "models", "starter");

    public void Dispose() => _binary.Dispose();

    [Fact]
    public async Task Optimise_BundleWithoutItsCheckpoint_SaysWhatIsNeeded() =>
        (await _binary.RunAsync("models", "optimise", Starter)).FailedWith(2, "checkpoint_needed");

    [Fact]
    public async Task Optimise_DevWithoutTask_IsAskedFor() =>
        (await _binary.RunAsync("models", "optimise", Starter, "--dev", "x.conll")).FailedWith(2, "usage");

    [SharedFact("models/all-MiniLM-L6-v2")]
    public async Task Optimise_BundleWithItsCheckpoint_MeasuresFormsAndWritesTheChosenOne()
    {
        var checkpoint = SharedFolder.Require("models", "all-MiniLM-L6-v2");
        var dev = _binary.Write("dev.conll", Sentences);
        _binary.Write("train.conll", Sentences.Replace("London", "Paris", StringComparison.Ordinal));
        var folder = Path.GetDirectoryName(dev)!;
        var bundle = Path.Combine(folder, "tiny");
        var recipe = _binary.Write("tiny.yaml", Recipe);
        (await _binary.RunAsync("train", recipe, "--encoder", checkpoint, "--data-root", folder, "--output", bundle)).Ok();
        var input = _binary.Write("texts.txt", "A text.\nAnother text, somewhat longer than the first.\n");
        var finished = await _binary.RunAsync(
            "models", "optimise", bundle, "--checkpoint", checkpoint, "--forms", "fp32,int8-7", "--input", input,
            "--rounds", "1", "--threads", "1", "--dev", recipe, "--data-root", folder, "--write", "int8-7", "--json");
        var found = finished.Json();

        var forms = found.GetProperty("forms").EnumerateArray().ToList();
        Assert.Equal(["fp32", "int8-7"], forms.ConvertAll(static form => form.GetProperty("form").GetString()));
        Assert.True(forms[0].GetProperty("bytes").GetInt64() > 3 * forms[1].GetProperty("bytes").GetInt64());
        Assert.InRange(forms[1].GetProperty("likeness").GetDouble(), 0.98, 0.99999);
        Assert.All(forms, static form => Assert.Equal(2, form.GetProperty("dev_samples").GetInt32()));
        Assert.All(forms, static form => Assert.Equal(3, form.GetProperty("speeds").GetArrayLength()));

        var written = (await _binary.RunAsync("models", "show", found.GetProperty("written").GetString()!, "--json")).Json().GetProperty("manifest");
        Assert.Equal("int8", written.GetProperty("encoder").GetProperty("precision").GetString());
        Assert.EndsWith("-int8-7", written.GetProperty("version").GetString(), StringComparison.Ordinal);
        Assert.StartsWith("tiny@", written.GetProperty("parent").GetString(), StringComparison.Ordinal);
    }
}
