using Streaming.Cli.Tests.Running;

namespace Streaming.Cli.Tests.Commands;

public sealed class TopologyCommandTests : IDisposable
{
    private readonly CliWorld _world = new();

    [Fact]
    public async Task Lint_ShippedTopologies_AreValid()
    {
        var result = await _world.RunAsync("topology", "lint", "minimal", "news", "reviews", "support-tickets");
        Assert.Equal(4, result.Expect(0).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
    }

    [Fact]
    public async Task Lint_EverythingWrong_IsSaidWithItsPlace()
    {
        var file = _world.Write("x.yaml", "name: x\nsurce:\n  topics: [a]\nbatching:\n  max_batch_size: many\n"u8);
        var result = (await _world.RunAsync("topology", "lint", file, "--json")).Expect(1).Json;
        Assert.False(result.GetProperty("valid").GetBoolean());
        Assert.Equal(3, result.GetProperty("errors").GetInt32());
        Assert.Equal([1, 2, 5], result.GetProperty("diagnostics").EnumerateArray().Select(static d => d.GetProperty("line").GetInt32()));
        (await _world.RunAsync("topology", "explain", file)).ExpectError(2, "invalid_topology");
    }

    [Fact]
    public async Task Lint_HostileInput_EndsWithAnError()
    {
        _world.Input = System.Text.Encoding.UTF8.GetBytes("a: " + new string('[', 8_000));
        (await _world.RunAsync("topology", "lint", "-")).Expect(1);
        _world.Input = new byte[3 * 1024 * 1024];
        (await _world.RunAsync("topology", "lint", "-")).Expect(1);
    }

    [Fact]
    public async Task Explain_Minimal_ShowsDefaults()
    {
        var json = (await _world.RunAsync("topology", "explain", "minimal", "--json")).Expect(0).Json;
        Assert.Equal("log", json.GetProperty("source").GetString());
        Assert.Contains("batching", (await _world.RunAsync("topology", "explain", "minimal")).Expect(0).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Test_WithoutTests_IsACodedError()
    {
        var file = _world.Write("x.yaml", "name: x\nsource:\n  topics: [a]\nsink: {}\n"u8);
        (await _world.RunAsync("topology", "test", file)).ExpectError(2, "topology_tests_not_found");
    }

    [StarterFact]
    public async Task Test_Minimal_EveryTestPasses()
    {
        using var binary = new Binary();
        var json = (await binary.RunAsync("topology", "test", "minimal", "--json")).Json();
        Assert.Equal(0, json.GetProperty("failed").GetInt32());
        Assert.True(json.GetProperty("passed").GetInt32() >= 5);
    }

    [StarterFact]
    public async Task Predict_Text_HasEverythingTheModelFinds()
    {
        using var binary = new Binary();
        var json = (await binary.RunAsync("predict", "Barack Obama met Angela Merkel in Berlin.", "--json")).Json();
        Assert.Contains(json.GetProperty("entities").EnumerateArray(), static e => e.GetProperty("text").GetString() == "Barack Obama" && e.GetProperty("type").GetString() == "PER");
        Assert.Equal("starter", json.GetProperty("model").GetString());
        Assert.True(json.TryGetProperty("sentiment", out _) && json.TryGetProperty("topics", out _) && json.TryGetProperty("aspects", out _));
        (await binary.RunWithInputAsync([0xff], "predict", "-")).FailedWith(2, "invalid_utf8");
    }

    [StarterFact]
    public async Task Doctor_ThisMachine_SaysWhatThereIs()
    {
        using var binary = new Binary();
        var json = (await binary.RunAsync("doctor", "--json")).Json();
        Assert.True(json.GetProperty("ok").GetBoolean());
        Assert.Contains(json.GetProperty("adapters").EnumerateArray(), static a => a.GetProperty("name").GetString() == "onnxruntime" && a.GetProperty("detail").GetString()!.Contains("onnxruntime", StringComparison.Ordinal));
        Assert.Contains(json.GetProperty("models").EnumerateArray(), static m => m.GetProperty("name").GetString() == "starter" && m.GetProperty("state").GetString() == "ok");
    }

    public void Dispose() => _world.Dispose();
}
