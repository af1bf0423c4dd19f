using System.Text.Json;
using Streaming.Cli.Tests.Running;
using Streaming.Testing;

namespace Streaming.Cli.Tests.Models;

public sealed class ModelsCommandTests : IDisposable
{
    private readonly Binary _binary = new();

    private static string Starter => Path.Combine(SharedFolder.RepositoryRoot, "models", "starter");

    [Fact]
    public async Task Import_FolderWithoutCheckpoint_SaysWhatIsMissing()
    {
        var finished = await _binary.RunAsync("models", "import", SharedFolder.RepositoryRoot, "--name", "x");
        finished.FailedWith(2, "model_not_found");
        Assert.Contains("config.json", finished.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(_binary.Data, "models", "x")));
    }

    [Fact]
    public async Task Import_BrokenConfig_IsRefused()
    {
        _binary.Write("config.json", "{\"hidden_size\": ");
        var folder = Path.GetDirectoryName(_binary.Write("tokenizer.json", "{}"))!;
        (await _binary.RunAsync("models", "import", folder, "--name", "x")).FailedWith(2, "model_config_invalid");
    }

    [Fact]
    public async Task Import_UnknownPrecision_NamesThoseThereAre()
    {
        var finished = await _binary.RunAsync("models", "import", ".", "--name", "x", "--precision", "int4");
        finished.FailedWith(2, "usage");
        Assert.Contains("int8, fp32, fp16, int8-dynamic", finished.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("../elsewhere")]
    [InlineData("..")]
    public async Task Import_NameThatIsAPath_IsRefused(string name) =>
        (await _binary.RunAsync("models", "import", SharedFolder.RepositoryRoot, "--name", name)).FailedWith(2, "model_name_invalid");

    [Fact]
    public async Task Import_FolderWithoutAName_IsAskedForOne() => (await _binary.RunAsync("models", "import", SharedFolder.RepositoryRoot)).FailedWith(2, "usage");

    [StarterFact]
    public async Task Export_ThenVerifyAndImport_IsTheSameBundle()
    {
        var file = Path.Combine(_binary.Data, "starter.tar");
        var exported = (await _binary.RunAsync("models", "export", "starter", "--output", file, "--json")).Json();
        var digest = exported.GetProperty("digest").GetString()!;
        Assert.Equal(new FileInfo(file).Length, exported.GetProperty("file_bytes").GetInt64());
        (await _binary.RunAsync("models", "export", "starter", "--output", file)).FailedWith(2, "file_exists");

        Assert.True((await _binary.RunAsync("models", "verify", file, "--json")).Json().GetProperty("ok").GetBoolean());

        (await _binary.RunAsync("models", "import", file, "--digest", new string('0', 64))).FailedWith(2, "model_digest_mismatch");
        var imported = (await _binary.RunAsync("models", "import", file, "--digest", digest, "--json")).Json();
        Assert.Equal(digest, imported.GetProperty("digest").GetString());
        Assert.Equal(Path.Combine(_binary.Data, "models", "starter"), imported.GetProperty("directory").GetString());
        (await _binary.RunAsync("models", "import", file)).FailedWith(2, "model_exists");
    }

    [SharedFact("models/all-MiniLM-L6-v2")]
    public async Task Import_Checkpoint_IsListedAndNotReplacedUnasked()
    {
        string[] import = ["models", "import", SharedFolder.Require("models", "all-MiniLM-L6-v2"), "--name", "mini", "--precision", "fp32", "--layers", "5,6", "--json"];
        var imported = (await _binary.RunAsync(import)).Json();
        Assert.Equal("fp32", imported.GetProperty("precision").GetString());
        Assert.Equal(Path.Combine(_binary.Data, "models", "mini"), imported.GetProperty("directory").GetString());

        var shown = (await _binary.RunAsync("models", "show", "mini", "--json")).Json();
        Assert.Equal(imported.GetProperty("digest").GetString(), shown.GetProperty("digest").GetString());
        Assert.Equal([5, 6], shown.GetProperty("manifest").GetProperty("encoder").GetProperty("layers").EnumerateArray().Select(static l => l.GetInt32()));
        var again = await _binary.RunAsync(import);
        Assert.Equal(2, again.ExitCode);
        Assert.Contains("--force", again.Error, StringComparison.Ordinal);
    }

    [StarterFact]
    public async Task List_Json_HasTheStarterAndSaysWhichManifestIsBroken()
    {
        Directory.CreateDirectory(Path.Combine(_binary.Data, "models", "broken"));
        await File.WriteAllTextAsync(Path.Combine(_binary.Data, "models", "broken", "manifest.json"), "{}");
        var bundles = (await _binary.RunAsync("models", "list", "--json")).Json().GetProperty("bundles").EnumerateArray().ToList();
        Assert.Contains(bundles, static bundle => bundle.TryGetProperty("name", out var name) && name.GetString() == "starter" && bundle.GetProperty("heads").GetArrayLength() == 4);
        Assert.Contains(bundles, static bundle => bundle.TryGetProperty("error", out var error) && error.GetString() == "model_manifest_invalid");
    }

    [Fact]
    public async Task Show_UnknownBundle_SaysWhatThereIs() => (await _binary.RunAsync("models", "show", "nobody")).FailedWith(2, "model_not_found");

    [StarterFact]
    public async Task Verify_OneChangedByte_FailsThatBundleOnly()
    {
        var damaged = Path.Combine(_binary.Data, "models", "damaged");
        Copy(Starter, damaged);
        var head = Directory.EnumerateFiles(Path.Combine(damaged, "heads")).Order(StringComparer.Ordinal).First();
        var bytes = await File.ReadAllBytesAsync(head);
        bytes[^1] ^= 1;
        await File.WriteAllBytesAsync(head, bytes);

        var finished = await _binary.RunAsync("models", "verify", "damaged", "starter", "--json");
        Assert.Equal(1, finished.ExitCode);
        var bundles = JsonDocument.Parse(finished.Out).RootElement.GetProperty("bundles").EnumerateArray().ToList();
        Assert.Equal("model_digest_mismatch", bundles[0].GetProperty("error").GetString());
        Assert.True(bundles[1].GetProperty("ok").GetBoolean());
    }

    [StarterFact]
    public async Task Diff_WithItself_EveryHeadIsTheSame()
    {
        var diff = (await _binary.RunAsync("models", "diff", "starter", Starter + "/", "--json")).Json();
        Assert.False(diff.GetProperty("encoder_changed").GetBoolean());
        Assert.All(diff.GetProperty("heads").EnumerateArray(), static head => Assert.Equal("same", head.GetProperty("change").GetString()));
    }

    public void Dispose() => _binary.Dispose();

    private static void Copy(string from, string to)
    {
        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }
}
