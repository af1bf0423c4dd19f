using Streaming.Adapters.Kafka.Native;
using Streaming.Core;

namespace Streaming.Adapters.Kafka.Tests;

public sealed class KafkaSettingsTests
{
    [Fact]
    public void Resolve_UnknownAndInvalidSettings_NamesEveryOne()
    {
        var error = Assert.Throws<StreamingException>(() => KafkaSettings.Resolve(new Dictionary<string, string>
        {
            ["bootstrap.servers"] = "localhost:9092",
            ["fetch.max.byte"] = "1",
            ["session.timeout.ms"] = "soon",
            ["enable.auto.commit"] = "true",
        }));

        Assert.Equal("kafka_setting_invalid", error.Code);
        Assert.Equal(ExitCode.Usage, error.ExitCode);
        Assert.Contains("fetch.max.byte: no such setting", error.Message);
        Assert.Contains("session.timeout.ms", error.Message);
        Assert.Contains("enable.auto.commit: not yours to set", error.Message);
    }

    [Fact]
    public void Resolve_NoServers_NamesTheSetting()
    {
        var error = Assert.Throws<StreamingException>(() => KafkaSettings.Resolve(new Dictionary<string, string> { ["client.id"] = "x" }));
        Assert.Contains("bootstrap.servers: missing", error.Message);
    }

    [Fact]
    public void Resolve_SecretFromEnvironmentAndFile_IsFetchedAndNeverShown()
    {
        const string Canary = "canary-4711";
        var file = Path.GetTempFileName();
        File.WriteAllText(file, Canary + "\n");
        Environment.SetEnvironmentVariable("STREAMING_TEST_SECRET", Canary);
        try
        {
            var resolved = KafkaSettings.Resolve(new Dictionary<string, string>
            {
                ["bootstrap.servers"] = "localhost:9092",
                ["sasl.password"] = "env:STREAMING_TEST_SECRET",
                ["ssl.key.password"] = "file:" + file,
            });

            Assert.Equal(Canary, resolved["sasl.password"]);
            Assert.Equal(Canary, resolved["ssl.key.password"]);
            Assert.DoesNotContain(Canary, KafkaSettings.Describe(resolved));
        }
        finally
        {
            File.Delete(file);
            Environment.SetEnvironmentVariable("STREAMING_TEST_SECRET", null);
        }
    }

    [Fact]
    public void Resolve_MissingVariable_NamesSettingAndVariable()
    {
        var error = Assert.Throws<StreamingException>(() => KafkaSettings.Resolve(new Dictionary<string, string>
        {
            ["bootstrap.servers"] = "localhost:9092",
            ["sasl.password"] = "env:STREAMING_NO_SUCH_VARIABLE",
        }));
        Assert.Contains("sasl.password", error.Message);
        Assert.Contains("STREAMING_NO_SUCH_VARIABLE", error.Message);
    }

    [Fact]
    public void ForConsumer_And_ForProducer_KeepTheirOwn()
    {
        var settings = new Dictionary<string, string> { ["bootstrap.servers"] = "b:1", ["linger.ms"] = "5", ["fetch.max.bytes"] = "1048576" };
        Assert.Equal(["bootstrap.servers", "fetch.max.bytes"], KafkaSettings.ForConsumer(settings).Keys.Order());
        Assert.Equal(["bootstrap.servers", "linger.ms"], KafkaSettings.ForProducer(settings).Keys.Order());
    }

    [Theory]
    [InlineData("plaintext")]
    [InlineData("sasl_plaintext")]
    public void Consumer_ReadAhead_IsSmallWhereAFullQueueRestsShortly(string protocol)
    {
        var settings = ClientSettings.Consumer(Options(("security.protocol", protocol)));

        var restsShortly = settings.ContainsKey("fetch.queue.backoff.ms") || FetchNudge.IsOfUse(settings);
        Assert.Equal(restsShortly ? "4096" : "16384", settings["queued.max.messages.kbytes"]);
        Assert.True(restsShortly || protocol != "plaintext" || KafkaLibrary.Load().StartsWith("1.", StringComparison.Ordinal));
    }

    [Fact]
    public void Consumer_ReadAheadOfTheTopology_IsKept() =>
        Assert.Equal("100", ClientSettings.Consumer(Options(("queued.min.messages", "100")))["queued.min.messages"]);

    private static KafkaSourceOptions Options(params (string Name, string Value)[] client) => new()
    {
        Client = client.Append(("bootstrap.servers", "localhost:9092")).ToDictionary(),
        Topics = ["t"],
        Group = "g",
    };
}
