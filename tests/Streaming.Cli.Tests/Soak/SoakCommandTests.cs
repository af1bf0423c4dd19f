using System.Globalization;
using System.Text.Json;
using Streaming.Cli.Tests.Running;

namespace Streaming.Cli.Tests.Soak;

/// <summary>The soak's short forms. The long ones are the command itself: <c>streaming soak --minutes 60</c>.</summary>
public sealed class SoakCommandTests : IDisposable
{
    /// <summary>Set to other minutes to run the soak of the suite longer or shorter.</summary>
    private const string MinutesVariable = "STREAMING_SOAK_MINUTES";

    private readonly Binary _binary = new();

    [StarterFact]
    public async Task Soak_IntoTheFakeThatRefuses_KeepsEveryBound()
    {
        var minutes = Environment.GetEnvironmentVariable(MinutesVariable) is { Length: > 0 } told ? told : "2";
        // How long anything takes is this machine's affair: judged where it is asked for, streaming soak on a machine of its own.
        var result = await SoakAsync("--minutes", minutes, "--sink", "fake", "--max-p99", "3600");
        Assert.True(result.GetProperty("refusals").GetInt64() > 0);
        Assert.True(result.GetProperty("runs_broken_off").GetInt32() > 0);
        Assert.True(result.GetProperty("bursts").GetInt32() > 0);
    }

    [StarterFact]
    public async Task Soak_Embedded_KeepsEveryBound() => await SoakAsync("--minutes", "0.4", "--rate", "20", "--max-p99", "3600");

    [Theory]
    [InlineData("usage", "--minutes", "0")]
    [InlineData("usage", "--sink", "elsewhere")]
    [InlineData("kafka_bootstrap_missing", "--source", "kafka")]
    [InlineData("elasticsearch_url_missing", "--sink", "elasticsearch")]
    public async Task Soak_SomethingMissing_SaysWhat(string code, string option, string value) =>
        (await _binary.RunAsync("soak", option, value)).FailedWith(2, code);

    public void Dispose() => _binary.Dispose();

    private async Task<JsonElement> SoakAsync(params string[] arguments)
    {
        var finished = await _binary.RunAsync(["soak", .. arguments, "--json"]);
        Assert.True(finished.ExitCode == 0, finished.Out + finished.Error);
        var result = JsonDocument.Parse(finished.Out).RootElement;
        Assert.Equal((0, 0, 0), (result.GetProperty("lost").GetInt32(), result.GetProperty("duplicated").GetInt32(), result.GetProperty("wrong").GetInt32()));
        var (messages, indexed, dead) = (result.GetProperty("messages").GetInt32(), result.GetProperty("indexed").GetInt32(), result.GetProperty("dead_lettered").GetInt32());
        Assert.True(messages > 100, messages.ToString(CultureInfo.InvariantCulture));
        Assert.Equal(messages, indexed + dead);
        Assert.Equal(messages / 20, dead);
        return result;
    }
}
