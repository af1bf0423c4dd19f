using System.Diagnostics;
using Streaming.Testing.Faults;
using Streaming.Testing.Servers;

namespace Streaming.Cli.Tests.EndToEnd;

/// <summary>Wrong Kafka settings of a topology: one coded message that names the setting, an exit code, within seconds.</summary>
[Collection(EndToEndGroup.Name)]
public sealed class KafkaSetupTests
{
    // Ten on a quiet machine, and a start of the runtime.
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(30);

    private static async Task<ProductResult> RunAsync(string kafka, string sink = "{}")
    {
        using var data = new DataFolderOfTest();
        var file = data.File("x.yaml");
        await File.WriteAllTextAsync(file, $"name: x\nsource: {{topics: [a], kafka: {{{kafka}}}}}\nchain: [decode, normalise, tokenise, encode, entities]\nsink: {sink}\n");
        var watch = Stopwatch.StartNew();
        var result = await ProductProcess.RunAsync("run", file, "--no-server", "--data", data.File("data"));
        Assert.True(FaultReport.IsWithin(watch.Elapsed, Bound), $"took {watch.Elapsed}");
        Assert.DoesNotContain("canary", result.Error, StringComparison.Ordinal);
        return result;
    }

    [ProductFact]
    public async Task Run_NobodyListens_NamesTheSettingAndEndsWithThree()
    {
        var result = (await RunAsync($"bootstrap.servers: \"127.0.0.1:{ServerProcess.FreePort()}\"")).Ended(3);
        Assert.Equal("kafka_unreachable", result.ErrorCode());
        Assert.Contains("bootstrap.servers", result.Error, StringComparison.Ordinal);
    }

    [ProductTheory]
    [InlineData("bootstrap.servers: \"127.0.0.1:1\", session.timeot.ms: \"5\"", "session.timeot.ms")]
    [InlineData("bootstrap.servers: \"127.0.0.1:1\", session.timeout.ms: soon", "session.timeout.ms")]
    [InlineData("bootstrap.servers: \"127.0.0.1:1\", enable.auto.commit: \"true\"", "enable.auto.commit")]
    [InlineData("bootstrap.servers: \"127.0.0.1:1\", sasl.password: \"env:NO_SUCH_VARIABLE_CANARY\"", "sasl.password")]
    [InlineData("bootstrap.servers: \"127.0.0.1:1\", security.protocol: ssl, ssl.ca.location: /no/such/ca.pem", "ssl.ca.location")]
    public async Task Run_SettingThatIsWrong_IsNamedAndEndsWithTwo(string kafka, string setting)
    {
        var result = (await RunAsync(kafka)).Ended(2);
        // What the product keeps to itself is told from the file already.
        Assert.Equal(setting == "enable.auto.commit" ? "invalid_topology" : "kafka_setting_invalid", result.ErrorCode());
        Assert.Contains(setting, result.Error, StringComparison.Ordinal);
    }

    [ProductTheory]
    [InlineData("{kind: kafka}", "sink.enriched_topic")]
    [InlineData("{delivery_guarantee: exactly_once}", "sink.delivery_guarantee")]
    public async Task Run_SinkThatCannotBe_IsToldFromTheFile(string sink, string says)
    {
        var result = (await RunAsync("bootstrap.servers: \"127.0.0.1:1\"", sink)).Ended(2);
        Assert.Equal("invalid_topology", result.ErrorCode());
        Assert.Contains(says, result.Error, StringComparison.Ordinal);
    }
}
