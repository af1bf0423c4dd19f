using Streaming.Cli.Tests.Running;
using Streaming.Testing;

namespace Streaming.Cli.Tests.Models;

public sealed class OptimiseCommandTests : IDisposable
{
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
    public async Task Optimise_Starter_MeasuresFormsAndWritesTheChosenOne()
    {
        var dev = _binary.Write("dev.conll", "John B-PER\nlives O\nin O\nLondon B-LOC\n. O\n\nRain O\nfell O\n. O\n");
        var input = _binary.Write("texts.txt", "A text.\nAnother text, somewhat longer than the first.\n");
        var finished = await _binary.RunAsync(
            "models", "optimise", Starter, "--checkpoint", SharedFolder.Require("models", "all-MiniLM-L6-v2"), "--forms", "fp32,int8-7", "--input", input,
            "--rounds", "1", "--threads", "1", "--dev", dev, "--task", "ner", "--write", "int8-7", "--json");
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
        Assert.StartsWith("starter@", written.GetProperty("parent").GetString(), StringComparison.Ordinal);
    }
}
